extension KubernetesClient {
    /// How many objects `listAll` and watches ask for at once: pages that a server makes without effort.
    public static let pageSize = 500

    /// Reads one object. Asking for `PartialObjectMetadata` makes the server send only that.
    /// - Throws: `KubernetesError`; `isNotFound` when there is no such object.
    public func get<T: Decodable & Sendable>(
        _ resource: APIResource, _ name: String, namespace: String? = nil, as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T {
        let request = KubernetesRequest.get(resource, name, namespace: namespace, .init(for: type))
        try check(request, resource, name, namespace)
        return try await object(request, kind: kind(resource, type), as: type)
    }

    /// Reads a subresource, as `scale` or `status`.
    public func get<T: Decodable & Sendable>(
        _ resource: APIResource, _ name: String, namespace: String? = nil, subresource: Subresource,
        as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T {
        let request = KubernetesRequest.get(resource, name, namespace: namespace, subresource)
        try check(request, resource, name, namespace)
        return try await object(request, kind: subresource.kind ?? resource.kind, as: type)
    }

    /// Reads a list, or the page of it that the options ask for. Without a namespace: of all namespaces.
    public func list<T: Decodable & Sendable>(
        _ resource: APIResource, namespace: String? = nil, _ options: ListOptions = .init(),
        as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> ObjectList<T> {
        try await list(resource, namespace: namespace, options, .init(for: type)) {
            value throws(JSONDecodingError) in try value.decode(type)
        }
    }

    /// Reads a list to its end, page by page. If its version expires on the way it is begun anew, once.
    public func listAll<T: Decodable & Sendable>(
        _ resource: APIResource, namespace: String? = nil, _ options: ListOptions = .init(),
        as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> ObjectList<T> {
        do throws(KubernetesError) {
            return try await pages(resource, namespace: namespace, options, as: type)
        } catch {
            guard error.isGone else { throw error }
            return try await pages(resource, namespace: namespace, options, as: type)
        }
    }

    private func pages<T: Decodable & Sendable>(
        _ resource: APIResource, namespace: String?, _ options: ListOptions, as type: T.Type
    ) async throws(KubernetesError) -> ObjectList<T> {
        var options = options
        options.limit = options.limit ?? Self.pageSize
        var whole = ObjectList<T>(items: [])
        while true {
            let page = try await list(resource, namespace: namespace, options, as: type)
            whole.items += page.items
            whole.resourceVersion = page.resourceVersion
            guard let token = page.continue else { return whole }
            // The version belongs to the token; servers refuse both together.
            options.resourceVersion = nil
            options.resourceVersionMatch = nil
            options.continue = token
        }
    }

    /// One page, each item turned as it is read.
    func list<Item: Sendable>(
        _ resource: APIResource, namespace: String?, _ options: ListOptions,
        _ representation: KubernetesRequest.Representation, selecting selection: JSONSelection = .all,
        item: (JSONValue) throws(JSONDecodingError) -> Item
    ) async throws(KubernetesError) -> ObjectList<Item> {
        let request = KubernetesRequest.list(resource, namespace: namespace, options, representation)
        let document = try ResponseError.document(
            request, try await perform(request),
            selecting: ["apiVersion": .all, "kind": .all, "metadata": .all, "items": .items(selection)])
        let expected = representation == .metadata ? "PartialObjectMetadataList" : resource.kind + "List"
        guard let kind = document["kind"]?.string, kind == expected else {
            throw ResponseError.unexpected(request, "it is no \(expected)")
        }
        let list: ObjectList<Item>
        do throws(JSONDecodingError) {
            list = try ObjectList(document, item: item)
        } catch {
            throw ResponseError.unexpected(request, error.description)
        }
        // Whoever follows the token would never come to an end.
        guard list.continue == nil || list.continue != options.continue else {
            throw ResponseError.unexpected(request, "the next page is this one again")
        }
        return list
    }

    /// The server's version, as `v1.36.0`.
    public func version() async throws(KubernetesError) -> ServerVersion {
        let request = KubernetesRequest(.get, "/version", resource: "version")
        let document = try ResponseError.document(request, try await perform(request))
        do throws(JSONDecodingError) {
            return try document.decode(ServerVersion.self)
        } catch {
            throw ResponseError.unexpected(request, error.description)
        }
    }

    // MARK: Checks

    func kind<T>(_ resource: APIResource, _ type: T.Type) -> String {
        type == PartialObjectMetadata.self ? "PartialObjectMetadata" : resource.kind
    }

    /// Without a name the path would be the collection's, and a deletion would empty it.
    func check(
        _ request: KubernetesRequest, _ resource: APIResource, _ name: String, _ namespace: String?
    ) throws(KubernetesError) {
        guard !name.isEmpty else {
            throw KubernetesError(.configuration, "the \(resource.kind) has no name", request: request.name)
        }
        try check(request, resource, namespace)
    }

    func check(
        _ request: KubernetesRequest, _ resource: APIResource, _ namespace: String?
    ) throws(KubernetesError) {
        guard !resource.isNamespaced || namespace?.isEmpty == false else {
            throw KubernetesError(.configuration, "the \(resource.kind) needs a namespace", request: request.name)
        }
    }

    /// Carries out a request that answers one document of a kind.
    func object<T: Decodable & Sendable>(
        _ request: KubernetesRequest, kind: String, as type: T.Type
    ) async throws(KubernetesError) -> T {
        let document = try checked(
            ResponseError.object(request, try await perform(request), .init(for: type)), kind, request)
        do throws(JSONDecodingError) {
            return try document.decode(type)
        } catch {
            throw ResponseError.unexpected(request, error.description)
        }
    }
}

extension KubernetesClient {
    /// The object, if it is of the kind that was asked for.
    func checked(
        _ object: ReceivedObject, _ kind: String, _ request: KubernetesRequest
    ) throws(KubernetesError) -> ReceivedObject {
        let answered = object.string("kind")
        guard answered == kind else {
            let found = answered.map { "a \($0)" } ?? "something without a kind"
            throw ResponseError.unexpected(request, "\(found), no \(kind)")
        }
        return object
    }
}

/// What the server says of itself under `/version`.
public struct ServerVersion: Codable, Sendable, Hashable {
    /// As `v1.36.0`.
    public var gitVersion: String
    /// As `1`.
    public var major: String
    /// As `36`.
    public var minor: String
    /// As `linux/amd64`.
    public var platform: String?
}
