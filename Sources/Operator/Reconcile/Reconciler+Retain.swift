import K8sClient

extension Reconciler {
    /// Whether a namespace was left by a backend of this name, with its data.
    static func isRetained(_ namespace: ObjectMeta, by backend: ChatBackend) -> Bool {
        namespace.labels[StandardLabels.retained] == "true" && namespace.labels[StandardLabels.instance] == backend.name
            && !namespace.ownerReferences.contains { $0.controller == true }
    }

    /// Takes everything out of the namespace but what stays, and lets that and the namespace go from the resource: the garbage
    /// collector would take them with it. True once it is done.
    func retain(_ backend: ChatBackend) async throws(KubernetesError) -> Bool {
        guard try await takeOutObjects(of: backend) else { return false }
        // Applying this alone gives up every other field that was applied, the owner among them.
        let released: JSONValue = [
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": [
                "name": .string(backend.namespace),
                "labels": [StandardLabels.instance: .string(backend.name), StandardLabels.retained: "true"],
            ],
        ]
        _ = try await client.apply(
            .namespaces, released, ApplyOptions(fieldManager: FieldManager.name, force: true),
            as: PartialObjectMetadata.self)
        return true
    }

    /// Deletes the backend's objects, and takes the owner from those that stay. True once all are gone or free.
    func takeOutObjects(of backend: ChatBackend) async throws(KubernetesError) -> Bool {
        var left = caches.objects(of: backend).filter { $0.kind != APIResource.namespaces.kind }
        let claim = APIResource.persistentVolumeClaims
        // The StatefulSet made it: it carries our labels and none of our fields.
        let database = ObjectIdentity(
            apiVersion: claim.apiVersion, kind: claim.kind, namespace: backend.namespace,
            name: backend.objectNames.postgresVolume)
        if caches.object(database)?.backend == backend.name { left.append(database) }
        var isDone = true
        for identity in left {
            guard let resource = OwnedKinds.resource(of: identity), let object = caches.object(identity) else {
                continue
            }
            guard !Self.stays(identity, of: backend) else {
                guard object.ownerUID != nil else { continue }
                _ = try await client.patch(
                    resource, identity.name, namespace: identity.namespace,
                    .merge(["metadata": ["ownerReferences": .null]]), WriteOptions(fieldManager: FieldManager.name),
                    as: PartialObjectMetadata.self)
                isDone = false  // until the watch shows it
                continue
            }
            isDone = false
            // After all but the volumes: as long as it is there, no other backup is begun, and its pod holds the volumes.
            let isFinalBackup = identity.kind == APIResource.jobs.kind
            let others = left.filter { $0 != identity && $0.kind != claim.kind && !Self.stays($0, of: backend) }
            guard !object.isTerminating, !isFinalBackup || others.isEmpty else { continue }
            try await delete(resource, identity.name, namespace: identity.namespace, uid: object.uid.description)
        }
        return isDone
    }

    private static func stays(_ identity: ObjectIdentity, of backend: ChatBackend) -> Bool {
        switch backend.spec.deletionPolicy {
        case .delete: false
        case .retain: [APIResource.persistentVolumeClaims.kind, APIResource.secrets.kind].contains(identity.kind)
        case .finalBackup:
            identity.kind == APIResource.persistentVolumeClaims.kind
                && identity.name == backend.objectNames.backupVolume
        }
    }
}
