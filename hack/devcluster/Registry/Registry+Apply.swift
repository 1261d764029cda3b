import K8sClient

extension Registry {
    /// Creates or changes an object by server-side apply.
    func apply(
        _ kind: KindDefinition, namespace: String?, name: String, _ body: JSONValue, _ options: WriteOptions
    ) throws(StatusError) -> WriteResult {
        guard !options.manager.isEmpty else {
            throw .invalid(
                GroupKind("meta.k8s.io", "PatchOptions"), "",
                [.required("fieldManager", "is required for apply patch")])
        }
        if body["metadata", "managedFields"]?.isEmpty == false {
            throw .badRequest("metadata.managedFields must be nil")
        }
        let (config, warnings) = try configuration(body, kind, options)
        let writer = ManagedFields.Writer(
            manager: options.manager, apiVersion: kind.apiVersion, subresource: options.subresource ?? "",
            time: Timestamp.now())
        while true {
            if store.get(kind.storage, key(kind, namespace, name)) == nil {
                guard options.subresource == nil else { throw .notFound(kind.groupResource, name) }
                if let created = try createApplied(kind, namespace, name, config, options, writer, warnings) {
                    return created
                }
                continue
            }
            return try update(kind, namespace: namespace, name: name, options) { (live) throws(StatusError) in
                let applied = try ManagedFields.applied(config, to: live, kind.schema, by: writer, force: options.force)
                try requireAddress(of: config.meta, kind, namespace: namespace, name: name)
                var object = applied.object
                Self.noteLastApplied(body, in: &object, options)
                if let asked = config["metadata", "resourceVersion"] { object["metadata", "resourceVersion"] = asked }
                if let asked = config["metadata", "uid"] { object["metadata", "uid"] = asked }
                return Proposal(
                    object: object, warnings: warnings, managedFields: applied.managedFields, isApply: true)
            }
        }
    }

    /// Keeps kubectl's record of what it applied last as it is, for the day that it applies from the client again.
    private static func noteLastApplied(_ body: JSONValue, in object: inout JSONValue, _ options: WriteOptions) {
        let annotation = "kubectl.kubernetes.io/last-applied-configuration"
        guard options.manager == "kubectl", options.subresource == nil,
            object["metadata", "annotations", annotation] != nil
        else { return }
        var applied = body
        applied["metadata", "managedFields"] = nil
        applied["metadata", "annotations", annotation] = nil
        object["metadata", "annotations", annotation] = .string(applied.jsonText + "\n")
    }

    /// - Throws: 400 when a configuration is for another object than the one that the address names.
    private func requireAddress(
        of given: ObjectMeta, _ kind: KindDefinition, namespace: String?, name: String
    ) throws(StatusError) {
        if !given.name.isEmpty, given.name != name {
            throw .badRequest("the name of the object (\(given.name)) does not match the name on the URL (\(name))")
        }
        if kind.isNamespaced, !given.namespace.isEmpty, given.namespace != namespace {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    private func configuration(_ body: JSONValue, _ kind: KindDefinition, _ options: WriteOptions)
        throws(StatusError) -> (JSONValue, [String])
    {
        if let apiVersion = body["apiVersion"]?.string, let name = body["kind"]?.string, name != kind.kind {
            throw .badRequest("invalid object type: \(Self.qualified(apiVersion)), Kind=\(name)")
        }
        // Apply has no use for fields whose ownership nobody could track, however lenient the client is.
        var lenient = options
        lenient.fieldValidation = .warn
        var warnings: [String] = []
        var config = try decode(body, kind, lenient, &warnings)
        if !warnings.isEmpty {
            let problems = warnings.map { ".\($0.split(separator: "\"").last ?? ""): field not declared in schema" }
            let text = problems.count == 1 ? problems[0] : "errors:\n  " + problems.joined(separator: "\n  ")
            throw .plainError(
                "failed to create typed patch object (\(body.meta.namespace)/\(body.meta.name); "
                    + "\(Self.qualified(kind.apiVersion)), Kind=\(kind.kind)): \(text)")
        }
        if options.subresource == "status" {
            let status = config["status"]
            config = [
                "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
                "metadata": config["metadata"] ?? [:],
            ]
            for member in ["labels", "annotations", "finalizers", "ownerReferences"] {
                config["metadata", member] = nil
            }
            config["status"] = status
        } else if kind.hasStatus {
            config["status"] = nil
        }
        return (config, warnings)
    }

    /// `group/version` with the slash also where the group is the core group, which has no name.
    private static func qualified(_ apiVersion: String) -> String {
        apiVersion.contains("/") ? apiVersion : "/\(apiVersion)"
    }

    /// Creates the object that an apply found missing; nil when another writer was faster.
    private func createApplied(
        _ kind: KindDefinition, _ namespace: String?, _ name: String, _ config: JSONValue, _ options: WriteOptions,
        _ writer: ManagedFields.Writer, _ warnings: [String]
    ) throws(StatusError) -> WriteResult? {
        try requireAddress(of: config.meta, kind, namespace: namespace, name: name)
        var object = config
        object["metadata", "name"] = .string(name)
        if !config.meta.uid.isEmpty {
            throw .conflict(
                kind.groupResource, name,
                "uid mismatch: the provided object specified uid \(config.meta.uid), and no existing object was found")
        }
        do {
            return try create(kind, namespace: namespace, decoded: object, options, warnings: warnings) {
                (created) throws(StatusError) in
                let applied = try ManagedFields.applied(
                    config, to: kind.emptyObject, kind.schema, by: writer, force: true)
                var created = created
                created["metadata", "managedFields"] = applied.managedFields
                return created
            }
        } catch {
            if error.reason == "AlreadyExists" { return nil }
            throw error
        }
    }
}
