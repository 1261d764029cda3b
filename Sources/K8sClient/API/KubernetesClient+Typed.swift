extension KubernetesClient {
    /// Creates an object that has a Swift type, and hands it back as the server stored it.
    /// - Parameters:
    ///   - resource: the kind.
    ///   - object: what shall be there.
    ///   - namespace: where; the object's own by default.
    ///   - options: how it is written.
    /// - Throws: `KubernetesError`; `isAlreadyExists` when the name is taken.
    @discardableResult
    public func create<Object: Codable & KubernetesObject>(
        _ resource: APIResource, _ object: Object, namespace: String? = nil, _ options: WriteOptions = .init()
    ) async throws(KubernetesError) -> Object {
        try await create(
            resource, try manifest(resource, object), namespace: namespace, options, as: Object.self)
    }

    /// Replaces an object that has a Swift type, or a subresource of it, as a whole. With a `resourceVersion`, only that
    /// version. **What the type does not know is lost**: read and write a `Preserving` of it where that matters.
    /// - Throws: `KubernetesError`; `isConflict` when the object has changed since.
    @discardableResult
    public func replace<Object: Codable & KubernetesObject>(
        _ resource: APIResource, _ object: Object, namespace: String? = nil, subresource: Subresource? = nil,
        _ options: WriteOptions = .init()
    ) async throws(KubernetesError) -> Object {
        try await replace(
            resource, try manifest(resource, object), namespace: namespace, subresource: subresource, options,
            as: Object.self)
    }

    /// Server-side apply of an object that has a Swift type; it holds only what the manager wants.
    /// - Throws: `KubernetesError`; `isConflict` when another manager owns a field and `force` is not set.
    @discardableResult
    public func apply<Object: Codable & KubernetesObject>(
        _ resource: APIResource, _ object: Object, subresource: Subresource? = nil, _ options: ApplyOptions
    ) async throws(KubernetesError) -> Object {
        try await apply(
            resource, try manifest(resource, object), subresource: subresource, options, as: Object.self)
    }

    /// The object as the server wants it: types need not hold their own `apiVersion` and `kind`.
    private func manifest(
        _ resource: APIResource, _ object: some Encodable & KubernetesObject
    ) throws(KubernetesError) -> JSONValue {
        do throws(JSONEncodingError) {
            var manifest = try JSONValue(encoding: object)
            if manifest["apiVersion"]?.string == nil { manifest["apiVersion"] = .string(resource.apiVersion) }
            if manifest["kind"]?.string == nil { manifest["kind"] = .string(resource.kind) }
            return manifest
        } catch {
            throw KubernetesError(
                .configuration, "the \(resource.kind) \(object.objectKey) cannot be written as JSON: \(error)")
        }
    }
}
