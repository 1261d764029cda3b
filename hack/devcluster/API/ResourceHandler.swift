import Hummingbird
import K8sClient

/// Answers one request about objects, once it is known who makes it.
struct ResourceHandler: Sendable {
    let server: APIServer
    let user: User
    let call: APIRequest
    let resource: APIRequest.Resource
    let kind: KindDefinition
    let request: Request
    let body: RequestBodyReader

    var registry: Registry { server.registry }

    /// What the authorizer judges.
    static func attributes(_ call: APIRequest, _ resource: APIRequest.Resource) -> AccessAttributes {
        // A namespace is itself within its own namespace, for the authorizer.
        let namespace =
            resource.namespace ?? (resource.resource == "namespaces" && resource.group.isEmpty ? resource.name : nil)
        return AccessAttributes(
            verb: call.verb, group: resource.group, resource: resource.resource,
            subresource: resource.subresource ?? "", namespace: namespace ?? "", name: resource.name ?? "")
    }

    func answer() async throws -> APIAnswer {
        if kind.isNamespaced, resource.namespace == nil, !["list", "watch"].contains(call.verb) {
            throw StatusError.pathNotFound
        }
        if !kind.isNamespaced, resource.namespace != nil { throw StatusError.pathNotFound }
        if kind.isVirtual { return try review() }
        switch resource.subresource {
        case nil: return try await answerResource()
        case "status" where kind.hasStatus: return try answerStatus()
        case "scale" where kind.scale != nil: return try answerScale()
        case .some(let subresource): return try await answerSubresource(subresource)
        }
    }

    private func answerResource() async throws -> APIAnswer {
        switch (call.method, resource.name) {
        case ("GET", nil): return call.isWatch ? try watch() : try list()
        case ("GET", let name?):
            if call.isWatch { return try watch() }
            return try get(name)
        case ("POST", nil): return try create()
        case ("PUT", let name?): return try replace(name)
        case ("PATCH", let name?): return try patch(name)
        case ("DELETE", let name?): return try delete(name)
        case ("DELETE", nil): return try deleteCollection()
        default: throw StatusError.methodNotAllowed(call.verb)
        }
    }

    private func answerStatus() throws(StatusError) -> APIAnswer {
        guard let name = resource.name else { throw .pathNotFound }
        switch call.method {
        case "GET": return try get(name)
        case "PUT": return try replace(name)
        case "PATCH": return try patch(name)
        default: throw .methodNotAllowed(call.verb)
        }
    }

    // MARK: Parameters

    func presentation() throws(StatusError) -> (Presentation, isYAML: Bool) {
        let accept = request.headers[.accept]
        let (form, isYAML) = try ObjectForm.negotiated(accept)
        let presentation = Presentation(
            registry: registry, kind: kind, form: form, includeObject: call.query["includeObject"] ?? "Metadata")
        return (presentation, isYAML)
    }

    func answer(_ object: JSONValue, status: Int = 200, warnings: [String] = []) throws(StatusError) -> APIAnswer {
        let (presentation, isYAML) = try presentation()
        let shown = presentation.whole(object)
        var answer = APIAnswer.json(shown, status: status)
        if isYAML {
            answer.body = .bytes(Array(YAML.serialize(shown).utf8))
            answer.contentType = "application/yaml"
        }
        answer.warnings = warnings
        return answer
    }

    /// The options of a write, from the query.
    func writeOptions(_ optionsKind: String) throws(StatusError) -> WriteOptions {
        let agent = request.headers[.userAgent] ?? ""
        let manager = call.query["fieldManager"] ?? String(agent.split(separator: "/").first ?? "unknown")
        var options = WriteOptions(manager: manager)
        let group = GroupKind("meta.k8s.io", optionsKind)
        if let dryRun = call.query["dryRun"], !dryRun.isEmpty {
            guard dryRun == "All" else {
                throw .invalid(group, "", [.notSupported("dryRun", .string(dryRun), ["All"])])
            }
            options.isDryRun = true
        }
        if let text = call.query["fieldValidation"], !text.isEmpty {
            guard let validation = WriteOptions.FieldValidation(rawValue: text) else {
                throw .invalid(
                    group, "", [.notSupported("fieldValidation", .string(text), ["Ignore", "Warn", "Strict"])])
            }
            options.fieldValidation = validation
        }
        if manager.utf8.count > 128 {
            throw .invalid(group, "", [.tooLong("fieldManager", limit: 128)])
        }
        options.subresource = resource.subresource
        options.force = ["1", "true"].contains(call.query["force"])
        return options
    }

    func selection() throws(StatusError) -> Selection {
        var selection = Selection(namespace: kind.isNamespaced ? resource.namespace : nil)
        if let text = call.query["labelSelector"] { selection.labels = try LabelSelectorParser.parse(text) }
        if let text = call.query["fieldSelector"] {
            selection.fields = try FieldSelector.parse(text, supported: kind.selectableFields)
        }
        if let name = resource.name {
            selection.fields.requirements.append(.init(field: "metadata.name", value: name, isNegated: false))
        }
        return selection
    }
}
