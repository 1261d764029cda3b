import K8sClient

extension Reconciler {
    /// Refuses to take over somebody else's `postgres` or `redis`: those names are fixed, and not told apart by the backend's.
    func checkServerNames(of backend: ChatBackend, _ record: BackendRecord) async throws(Interruption) {
        let names = backend.objectNames
        var wanted: [(APIResource, String, String)] = []
        if backend.spec.database?.managed != nil {
            wanted += [
                (.services, names.postgres, "spec.database"), (.statefulSets, names.postgres, "spec.database"),
            ]
        }
        if backend.spec.cache?.managed != nil {
            wanted += [(.services, names.redis, "spec.cache"), (.deployments, names.redis, "spec.cache")]
        }
        for (resource, name, field) in wanted {
            let identity = ObjectIdentity(
                apiVersion: resource.apiVersion, kind: resource.kind, namespace: backend.namespace, name: name)
            guard record.applied[identity] == nil, caches.object(identity) == nil else { continue }
            let found: [PartialObjectMetadata]
            do {
                found = try await client.list(
                    resource, namespace: backend.namespace, ListOptions(fieldSelector: "metadata.name=\(name)"),
                    as: PartialObjectMetadata.self
                ).items
            } catch {
                throw Interruption(error, writing: "\(identity)")
            }
            // One of ours that its watch has not shown yet carries our labels.
            guard let other = found.first, other.metadata.labels[StandardLabels.instance] != backend.name else {
                continue
            }
            throw .refused(
                Refusal(
                    reason: Reason.nameTaken,
                    message:
                        "The namespace \(backend.namespace) has a \(resource.kind) \(name) already that is not this "
                        + "ChatBackend's: rename or delete it, or set \(field).external to use it."),
                .recheck(after: .seconds(10)))
        }
    }
}
