extension KubernetesClient {
    /// Reads an object that may not be there.
    /// - Returns: nil when the server knows no object of that name.
    /// - Throws: `KubernetesError` for every other failure.
    public func getIfPresent<T: Decodable & Sendable>(
        _ resource: APIResource, _ name: String, namespace: String? = nil, as type: T.Type = JSONValue.self
    ) async throws(KubernetesError) -> T? {
        do {
            return try await get(resource, name, namespace: namespace, as: type)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Deletes an object that may be gone already.
    /// - Throws: `KubernetesError` for every failure but that the object is not there.
    public func deleteIfPresent(
        _ resource: APIResource, _ name: String, namespace: String? = nil, _ options: DeleteOptions = DeleteOptions()
    ) async throws(KubernetesError) {
        do {
            try await delete(resource, name, namespace: namespace, options)
        } catch {
            if !error.isNotFound { throw error }
        }
    }
}
