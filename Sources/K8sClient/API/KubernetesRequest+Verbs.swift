extension KubernetesRequest {
    /// How much of each object the answer shall hold.
    enum Representation: Sendable {
        case full, metadata

        init(for type: any Any.Type) {
            self = type == PartialObjectMetadata.self ? .metadata : .full
        }

        init(_ selection: JSONSelection) {
            self = selection.isMetadataAlone ? .metadata : .full
        }

        func accept(list: Bool) -> String {
            switch self {
            case .full: KubernetesRequest.json
            case .metadata:
                "application/json;as=PartialObjectMetadata\(list ? "List" : "");g=meta.k8s.io;v=v1"
            }
        }
    }

    static func get(_ resource: APIResource, _ name: String, namespace: String?, _ representation: Representation)
        -> Self
    {
        Self(
            .get, resource.path(namespace: namespace, name: name), accept: representation.accept(list: false),
            verb: "get", resource: resource.plural)
    }

    static func get(_ resource: APIResource, _ name: String, namespace: String?, _ subresource: Subresource) -> Self {
        Self(
            .get, resource.path(namespace: namespace, name: name, subresource: subresource.rawValue), verb: "get",
            resource: resource.plural)
    }

    static func list(
        _ resource: APIResource, namespace: String?, _ options: ListOptions, _ representation: Representation
    ) -> Self {
        Self(
            .get, resource.path(namespace: namespace), query: options.query,
            accept: representation.accept(list: true), verb: "list", resource: resource.plural)
    }

    static func create(
        _ resource: APIResource, _ object: JSONValue, namespace: String?, name: String?, _ subresource: Subresource?,
        _ options: WriteOptions
    ) -> Self {
        Self(
            .post, resource.path(namespace: namespace, name: name, subresource: subresource?.rawValue),
            query: options.query, body: object.jsonBytes(), verb: "create", resource: resource.plural)
    }

    static func replace(
        _ resource: APIResource, _ name: String, _ object: JSONValue, namespace: String?, _ subresource: Subresource?,
        _ options: WriteOptions
    ) -> Self {
        Self(
            .put, resource.path(namespace: namespace, name: name, subresource: subresource?.rawValue),
            query: options.query, body: object.jsonBytes(), verb: "update", resource: resource.plural)
    }

    static func patch(
        _ resource: APIResource, _ name: String, namespace: String?, _ patch: Patch, _ subresource: Subresource?,
        _ options: WriteOptions, _ representation: Representation
    ) -> Self {
        Self(
            .patch, resource.path(namespace: namespace, name: name, subresource: subresource?.rawValue),
            query: options.query, body: patch.body, contentType: patch.contentType,
            accept: representation.accept(list: false), verb: patch.verb, resource: resource.plural,
            isIdempotent: patch.isIdempotent)
    }

    static func delete(
        _ resource: APIResource, _ name: String, namespace: String?, _ options: DeleteOptions
    ) -> Self {
        Self(
            .delete, resource.path(namespace: namespace, name: name), body: options.body?.jsonBytes(),
            verb: "delete", resource: resource.plural)
    }

    static func deleteCollection(
        _ resource: APIResource, namespace: String?, _ selection: ListOptions, _ options: DeleteOptions
    ) -> Self {
        Self(
            .delete, resource.path(namespace: namespace), query: selection.query, body: options.body?.jsonBytes(),
            verb: "deletecollection", resource: resource.plural)
    }

    /// A watch. The server ends it after `timeoutSeconds`; the deadline, a little later, is for a server that forgot to.
    /// - Parameter resourceVersion: from which version on; `nil` for a watch that begins with all there is, as events, and
    ///   marks the end of that with a bookmark (WatchList).
    static func watch(
        _ resource: APIResource, namespace: String?, _ options: ListOptions, resourceVersion: String?,
        timeoutSeconds: Int, _ representation: Representation
    ) -> Self {
        var selection = options
        selection.limit = nil
        selection.continue = nil
        selection.resourceVersion = resourceVersion
        selection.resourceVersionMatch = nil
        var query =
            selection.query + [
                Field("watch", "true"), Field("allowWatchBookmarks", "true"),
                Field("timeoutSeconds", "\(timeoutSeconds)"),
            ]
        if resourceVersion == nil {
            query += [Field("sendInitialEvents", "true"), Field("resourceVersionMatch", "NotOlderThan")]
        }
        return Self(
            .get, resource.path(namespace: namespace), query: query, accept: representation.accept(list: false),
            timeout: .seconds(timeoutSeconds + 30), verb: "watch", resource: resource.plural)
    }
}

extension ListOptions {
    var query: [KubernetesRequest.Field] {
        var query: [KubernetesRequest.Field] = []
        func add(_ name: String, _ value: String?) {
            if let value { query.append(.init(name, value)) }
        }
        add("labelSelector", labelSelector)
        add("fieldSelector", fieldSelector)
        add("limit", limit.map { "\($0)" })
        add("continue", `continue`)
        add("resourceVersion", resourceVersion)
        add("resourceVersionMatch", resourceVersionMatch)
        return query
    }
}

extension WriteOptions {
    var query: [KubernetesRequest.Field] {
        var query: [KubernetesRequest.Field] = []
        if let fieldManager { query.append(.init("fieldManager", fieldManager)) }
        if force { query.append(.init("force", "true")) }
        if dryRun { query.append(.init("dryRun", "All")) }
        if let fieldValidation { query.append(.init("fieldValidation", fieldValidation.rawValue)) }
        return query
    }
}

extension ApplyOptions {
    var writeOptions: WriteOptions {
        WriteOptions(fieldManager: fieldManager, dryRun: dryRun, fieldValidation: fieldValidation, force: force)
    }
}

extension DeleteOptions {
    /// `nil` when the server's defaults are all that is asked for.
    var body: JSONValue? {
        var body: JSONValue = ["kind": "DeleteOptions", "apiVersion": "v1"]
        if let propagationPolicy { body["propagationPolicy"] = .string(propagationPolicy.rawValue) }
        if let gracePeriodSeconds { body["gracePeriodSeconds"] = JSONValue(gracePeriodSeconds) }
        if let uid = preconditions?.uid { body["preconditions", "uid"] = .string(uid) }
        if let version = preconditions?.resourceVersion { body["preconditions", "resourceVersion"] = .string(version) }
        if dryRun { body["dryRun"] = ["All"] }
        return body.object?.count == 2 ? nil : body
    }
}
