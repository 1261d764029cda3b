import K8sClient

extension Reconciler {
    /// Whose the namespace is: from the watches where they show it, else by asking for it once.
    func namespaceClaim(
        of backend: ChatBackend, _ record: BackendRecord
    ) async throws(Interruption) -> NamespaceClaim {
        let identity = Self.namespaceIdentity(backend)
        if record.unseen[identity] != nil, let claim = record.claim { return claim }
        if let shown = caches.object(identity), let instance = shown.backend {
            try waitForTermination(shown.isTerminating, backend)
            return try claim(instance: instance, ownerUID: shown.ownerUID?.description, backend)
        }
        let found: PartialObjectMetadata?
        do {
            found = try await client.getIfPresent(.namespaces, backend.namespace, as: PartialObjectMetadata.self)
        } catch {
            throw Interruption(error, writing: "the namespace \(backend.namespace)")
        }
        guard let metadata = found?.metadata else { return .absent }
        try waitForTermination(metadata.deletionTimestamp != nil, backend)
        if metadata.labels[StandardLabels.managedBy] == StandardLabels.operatorName,
            let instance = metadata.labels[StandardLabels.instance]
        {
            return try claim(
                instance: instance, ownerUID: metadata.ownerReferences.first { $0.controller == true }?.uid, backend)
        }
        if Self.isRetained(metadata, by: backend) { return .ours }
        return metadata.labels[StandardLabels.adopt] == "true" ? .adopted : .foreign
    }

    private func claim(
        instance: String, ownerUID: String?, _ backend: ChatBackend
    ) throws(Interruption) -> NamespaceClaim {
        guard instance == backend.name else { return .takenBy(backend: instance) }
        guard let ownerUID else { return .adopted }
        // A namesake was deleted, and the garbage collector is still to take its namespace away.
        try waitForTermination(ownerUID != backend.metadata.uid, backend)
        return .ours
    }

    private func waitForTermination(_ isEnding: Bool, _ backend: ChatBackend) throws(Interruption) {
        guard isEnding else { return }
        throw .waiting(
            reason: Reason.namespaceTerminating,
            message: "Waiting for the namespace \(backend.namespace) of before to be gone.",
            .recheck(after: .seconds(2)))
    }

    static func namespaceIdentity(_ backend: ChatBackend) -> ObjectIdentity {
        ObjectIdentity(apiVersion: "v1", kind: "Namespace", namespace: nil, name: backend.namespace)
    }
}
