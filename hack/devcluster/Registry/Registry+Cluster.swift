import K8sClient

/// The verbs as the controllers and the node use them, in process.
extension Registry: Cluster {
    private func kind(_ resource: GroupResource) throws(StatusError) -> KindDefinition {
        guard let kind = kinds.stored(resource) else { throw .pathNotFound }
        return kind
    }

    func get(_ resource: GroupResource, namespace: String?, name: String) throws(StatusError) -> JSONValue {
        try get(try kind(resource), namespace: namespace, name: name)
    }

    func list(_ resource: GroupResource, namespace: String?, labels: [String: String]) throws(StatusError)
        -> [JSONValue]
    {
        let kind = try kind(resource)
        let selection = Selection(namespace: namespace, labels: LabelSelector(labels: labels))
        var objects: [JSONValue] = []
        for stored in store.list(resource, selection).objects { objects.append(try present(stored, as: kind)) }
        return objects
    }

    func create(_ resource: GroupResource, _ object: JSONValue, manager: String) throws(StatusError) -> JSONValue {
        let kind = try kind(resource)
        let namespace = object.meta.namespace
        return try create(
            kind, namespace: namespace.isEmpty ? nil : namespace, object,
            WriteOptions(manager: manager, fieldValidation: .strict)
        ).object
    }

    @discardableResult
    func update(
        _ resource: GroupResource, namespace: String?, name: String, subresource: String?, manager: String,
        _ change: (inout JSONValue) -> Void
    ) throws(StatusError) -> JSONValue {
        let kind = try kind(resource)
        let options = WriteOptions(manager: manager, fieldValidation: .strict, subresource: subresource)
        return try update(kind, namespace: namespace, name: name, options) { (old) throws(StatusError) in
            var object = old
            change(&object)
            var warnings: [String] = []
            return Proposal(object: object == old ? old : try self.decode(object, kind, options, &warnings))
        }.object
    }

    func delete(_ resource: GroupResource, namespace: String?, name: String, _ deletion: Deletion) throws(StatusError) {
        _ = try delete(try kind(resource), namespace: namespace, name: name, deletion)
    }

    func watch(_ resource: GroupResource, namespace: String?) -> AsyncStream<ClusterEvent> {
        let watch = InProcessWatch(registry: self, resource: resource, namespace: namespace)
        return AsyncStream { await watch.next() }
    }
}
