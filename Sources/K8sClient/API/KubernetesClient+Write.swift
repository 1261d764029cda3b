extension KubernetesClient {
    /// Creates an object.
    /// - Parameters:
    ///   - resource: the kind.
    ///   - object: the manifest.
    ///   - namespace: where; the manifest's own by default.
    ///   - options: how it is written.
    ///   - type: what the answer is read as.
    /// - Throws: `KubernetesError`; `isAlreadyExists` when the name is taken.
    @discardableResult
    public func create<T: Decodable & Sendable>(
        _ resource: APIResource, _ object: JSONValue, namespace: String? = nil, _ options: WriteOptions = .init(),
        as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T {
        let namespace = namespace ?? object.objectKey.namespace
        let request = KubernetesRequest.create(resource, object, namespace: namespace, name: nil, nil, options)
        try check(request, resource, namespace)
        return try await self.object(request, kind: resource.kind, as: type)
    }

    /// Creates a subresource of an object, as a service account's `token`.
    @discardableResult
    public func create<T: Decodable & Sendable>(
        _ resource: APIResource, _ name: String, namespace: String?, subresource: Subresource, _ object: JSONValue,
        _ options: WriteOptions = .init(), as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T {
        let request = KubernetesRequest.create(
            resource, object, namespace: namespace, name: name, subresource, options)
        try check(request, resource, name, namespace)
        return try await self.object(request, kind: subresource.kind ?? resource.kind, as: type)
    }

    /// Replaces an object, or a subresource of it, as a whole. With a `resourceVersion` in the manifest, only that version.
    /// - Throws: `KubernetesError`; `isConflict` when the object has changed since.
    @discardableResult
    public func replace<T: Decodable & Sendable>(
        _ resource: APIResource, _ object: JSONValue, namespace: String? = nil, subresource: Subresource? = nil,
        _ options: WriteOptions = .init(), as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T {
        let key = object.objectKey
        let namespace = namespace ?? key.namespace
        let request = KubernetesRequest.replace(
            resource, key.name, object, namespace: namespace, subresource, options)
        try check(request, resource, key.name, namespace)
        return try await self.object(request, kind: subresource?.kind ?? resource.kind, as: type)
    }

    /// Patches an object or a subresource of it.
    @discardableResult
    public func patch<T: Decodable & Sendable>(
        _ resource: APIResource, _ name: String, namespace: String? = nil, _ patch: Patch,
        subresource: Subresource? = nil, _ options: WriteOptions = .init(), as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T {
        let request = KubernetesRequest.patch(
            resource, name, namespace: namespace, patch, subresource, options, .init(for: type))
        try check(request, resource, name, namespace)
        if case .apply = patch, options.fieldManager?.isEmpty != false {
            throw KubernetesError(.configuration, "a server-side apply needs a field manager", request: request.name)
        }
        return try await object(request, kind: subresource?.kind ?? kind(resource, type), as: type)
    }

    /// Server-side apply: makes the object hold what the manifest says, and no longer what an earlier apply of the same field
    /// manager said and this one does not. Name and namespace are the manifest's.
    /// - Throws: `KubernetesError`; `isConflict` when another manager owns a field and `force` is not set.
    @discardableResult
    public func apply<T: Decodable & Sendable>(
        _ resource: APIResource, _ manifest: JSONValue, subresource: Subresource? = nil, _ options: ApplyOptions,
        as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T {
        let key = manifest.objectKey
        return try await patch(
            resource, key.name, namespace: key.namespace, .apply(manifest), subresource: subresource,
            options.writeOptions, as: type)
    }

    /// Server-side apply of which only a part of the answer is read.
    /// - Parameters:
    ///   - resource: the kind.
    ///   - manifest: what the manager wants.
    ///   - options: who applies, and how.
    ///   - selection: what of the object; when it is metadata alone, the server sends no more than that.
    @discardableResult
    public func apply(
        _ resource: APIResource, _ manifest: JSONValue, _ options: ApplyOptions, selecting selection: JSONSelection
    ) async throws(KubernetesError) -> JSONValue {
        let key = manifest.objectKey
        let representation = KubernetesRequest.Representation(selection)
        let request = KubernetesRequest.patch(
            resource, key.name, namespace: key.namespace, .apply(manifest), nil, options.writeOptions, representation)
        try check(request, resource, key.name, key.namespace)
        let document = try ResponseError.document(
            request, try await perform(request), selecting: selection.union(.identity))
        let kind = representation == .metadata ? "PartialObjectMetadata" : resource.kind
        return try checked(.value(document), kind, request).value
    }

    /// Deletes an object. The answer is a Status, or the object where finalizers still hold it.
    /// - Throws: `KubernetesError`; `isNotFound` when it is not there, `isConflict` when the preconditions do not hold.
    @discardableResult
    public func delete(
        _ resource: APIResource, _ name: String, namespace: String? = nil, _ options: DeleteOptions = .init()
    ) async throws(KubernetesError) -> JSONValue {
        let request = KubernetesRequest.delete(resource, name, namespace: namespace, options)
        try check(request, resource, name, namespace)
        return try ResponseError.document(request, try await perform(request))
    }

    /// Deletes every object of a kind that a selection finds. The answer is the list of them, or a Status.
    @discardableResult
    public func deleteCollection(
        _ resource: APIResource, namespace: String? = nil, _ selection: ListOptions, _ options: DeleteOptions = .init()
    ) async throws(KubernetesError) -> JSONValue {
        let request = KubernetesRequest.deleteCollection(resource, namespace: namespace, selection, options)
        try check(request, resource, namespace)
        return try ResponseError.document(request, try await perform(request))
    }

    /// Sets the number of replicas through the `scale` subresource, whatever the kind.
    @discardableResult
    public func scale(
        _ resource: APIResource, _ name: String, namespace: String? = nil, replicas: Int,
        _ options: WriteOptions = .init()
    ) async throws(KubernetesError) -> JSONValue {
        try await patch(
            resource, name, namespace: namespace, .merge(["spec": ["replicas": JSONValue(replicas)]]),
            subresource: .scale, options)
    }
}
