import K8sClient
import Logging

extension Reconciler {
    /// Takes away what was made for a deleted backend, waits until it is gone and lets the resource go.
    func finalize(_ backend: ChatBackend, _ record: inout BackendRecord) async -> ReconcileOutcome {
        guard backend.metadata.finalizers.contains(Self.finalizer), !record.isReleased else { return .done }
        do {
            if let progress = try await finalBackup(of: backend, record) {
                try await write(progress, of: backend, &record)
                return .recheck(after: .seconds(5))
            }
            guard try await isCleanedUp(backend, &record) else {
                // The watches report the end; looking again covers a lost event.
                try await writeTermination(backend, &record)
                return .recheck(after: .seconds(2))
            }
            try await patchFinalizers(backend, backend.metadata.finalizers.filter { $0 != Self.finalizer })
            record.isReleased = true
            logger.info("deleted", metadata: ["backend": "\(backend.name)"])
            return .done
        } catch {
            if error.isNotFound { return .done }
            logger.warning(
                "deletion will be tried again", metadata: ["backend": "\(backend.name)", "error": "\(error)"])
            return .failed
        }
    }

    /// Starts what has to be deleted; true once nothing of it is left.
    private func isCleanedUp(
        _ backend: ChatBackend, _ record: inout BackendRecord
    ) async throws(KubernetesError) -> Bool {
        let found = try await client.getIfPresent(.namespaces, backend.namespace, as: PartialObjectMetadata.self)
        guard let namespace = found?.metadata else { return true }
        let ownerUID = namespace.ownerReferences.first { $0.controller == true }?.uid
        if ownerUID == backend.metadata.uid {
            if backend.spec.deletionPolicy != .delete, namespace.deletionTimestamp == nil {
                return try await retain(backend)
            }
            if namespace.deletionTimestamp == nil {
                try await delete(.namespaces, backend.namespace, namespace: nil, uid: namespace.uid)
                tell(backend, .normal, Reason.deleting, "Deleting the namespace \(backend.namespace) and all in it.")
            }
            return false
        }
        if Self.isRetained(namespace, by: backend) { return true }  // the resource's end is all that is left to do
        let isAdopted = ownerUID == nil && namespace.labels[StandardLabels.instance] == backend.name
        guard isAdopted else { return true }  // another's: nothing of ours is in it
        return try await cleanUpAdopted(backend)
    }

    /// An adopted namespace stays: our objects leave it, then our labels leave the namespace.
    private func cleanUpAdopted(_ backend: ChatBackend) async throws(KubernetesError) -> Bool {
        guard try await takeOutObjects(of: backend) else { return false }
        // Applying nothing gives up every field that was applied.
        let released: JSONValue = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(backend.namespace)],
        ]
        _ = try await client.apply(
            .namespaces, released, ApplyOptions(fieldManager: FieldManager.name, force: true),
            as: PartialObjectMetadata.self)
        return true
    }

    func delete(
        _ resource: APIResource, _ name: String, namespace: String?, uid: String,
        _ propagation: DeleteOptions.PropagationPolicy = .background
    ) async throws(KubernetesError) {
        try await client.deleteIfPresent(
            resource, name, namespace: namespace,
            DeleteOptions(propagationPolicy: propagation, preconditions: .init(uid: uid)))
    }

    private func writeTermination(_ backend: ChatBackend, _ record: inout BackendRecord) async throws(KubernetesError) {
        do {
            try await write(
                .waiting(
                    reason: Reason.terminating,
                    message: "Waiting for what is in the namespace \(backend.namespace) to be gone."),
                of: backend, &record)
        } catch {
            // Not found: the last finalizer went meanwhile.
            if !error.isNotFound { throw error }
        }
    }
}
