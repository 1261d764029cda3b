import K8sClient

extension Reconciler {
    /// Backs a deleted backend up, once nothing writes to its database any more.
    /// - Returns: What the deletion waits for; nil when it goes on.
    func finalBackup(of backend: ChatBackend, _ record: BackendRecord) async throws(KubernetesError) -> Progress? {
        guard backend.spec.deletionPolicy == .finalBackup, try await hasRunningNamespace(backend) else { return nil }
        let names = backend.objectNames
        let running: Progress = .waiting(
            reason: Reason.finalBackupRunning,
            message: "Backing up before the deletion goes on: `kubectl logs -n \(backend.namespace) "
                + "job/\(names.finalBackupJob)` shows it; setting spec.deletionPolicy to Delete leaves it out.")
        let found = try await client.list(
            .jobs, namespace: backend.namespace,
            ListOptions(fieldSelector: "metadata.name=\(names.finalBackupJob)"), as: JSONValue.self
        ).items.first
        if let found, found["metadata", "deletionTimestamp"] == nil {
            let conditions = found["status", "conditions"]?.array ?? []
            func holds(_ type: String) -> Bool {
                conditions.contains { $0["type"]?.string == type && $0["status"] == "True" }
            }
            if holds("Complete") { return nil }
            guard holds("Failed") else { return running }
            return .refused(
                Refusal(
                    reason: Reason.finalBackupFailed,
                    message: "The backup before the deletion failed: see `kubectl logs -n \(backend.namespace) "
                        + "job/\(names.finalBackupJob)`. Delete that Job to try again, or set spec.deletionPolicy to "
                        + "Delete or Retain to go on without."))
        }
        guard found == nil, try await hasStopped(backend) else { return running }
        var facts = ObservedFacts()
        facts.servedKinds = caches.servedKinds
        for manifest in DesiredState.finalBackup(of: backend, facts) {
            _ = try await client.apply(
                manifest.resource, manifest.object, ApplyOptions(fieldManager: FieldManager.name, force: true),
                as: PartialObjectMetadata.self)
        }
        tell(backend, .normal, Reason.finalBackupRunning, "Backing up before the deletion goes on.")
        return running
    }

    /// Whether what was made for the backend is still in its namespace.
    private func hasRunningNamespace(_ backend: ChatBackend) async throws(KubernetesError) -> Bool {
        guard
            let metadata = try await client.getIfPresent(
                .namespaces, backend.namespace, as: PartialObjectMetadata.self)?.metadata,
            metadata.deletionTimestamp == nil, !Self.isRetained(metadata, by: backend),
            metadata.labels[StandardLabels.instance] == backend.name
        else { return false }
        // A backend that never came to have its settings has no data either.
        return caches.objects(of: backend).contains {
            $0.kind == APIResource.configMaps.kind && $0.name == backend.objectNames.configMap
        }
    }

    /// Stops the pods and further backups; true once they are gone. SQLite's volume is then free as well.
    private func hasStopped(_ backend: ChatBackend) async throws(KubernetesError) -> Bool {
        let names = backend.objectNames
        let writers = caches.objects(of: backend).filter {
            ($0.kind == APIResource.deployments.kind && $0.name == names.deployment)
                || $0.kind == APIResource.cronJobs.kind || $0.kind == APIResource.horizontalPodAutoscalers.kind
        }
        for identity in writers {
            guard let resource = OwnedKinds.resource(of: identity), let object = caches.object(identity),
                !object.isTerminating
            else { continue }
            // Gone only when its pods are.
            try await delete(
                resource, identity.name, namespace: identity.namespace, uid: object.uid.description, .foreground)
        }
        return writers.isEmpty
    }
}
