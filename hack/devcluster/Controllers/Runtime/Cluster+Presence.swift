import K8sClient

extension Cluster {
    /// The object under a key; nil when there is none.
    func find(_ resource: GroupResource, _ key: ObjectKey) throws(StatusError) -> JSONValue? {
        do {
            return try get(resource, namespace: key.namespace.isEmpty ? nil : key.namespace, name: key.name)
        } catch {
            if error.code == 404 { return nil }
            throw error
        }
    }

    /// Deletes an object.
    /// - Returns: whether it was there, with the uid that the deletion asks for.
    @discardableResult
    func remove(_ resource: GroupResource, _ key: ObjectKey, _ deletion: Deletion = Deletion()) throws(StatusError)
        -> Bool
    {
        do {
            try delete(resource, namespace: key.namespace.isEmpty ? nil : key.namespace, name: key.name, deletion)
            return true
        } catch {
            if error.code == 404 || error.code == 409 && deletion.uid != nil { return false }
            throw error
        }
    }
}
