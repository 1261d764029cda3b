import FoundationEssentials
import K8sClient
import Logging

/// Brings one backend after the other to what its resource says. Level-triggered: it is given a name, never an event,
/// and looks at everything anew.
struct Reconciler: Sendable {
    let client: KubernetesClient
    let caches: ClusterCaches
    let records: BackendRecords
    let events: EventRecorder
    let operatorNamespace: String
    let logger: Logger

    func reconcile(_ name: String) async -> ReconcileOutcome {
        guard let backend = caches.backend(name) else {
            records.forget(name)
            return .done
        }
        var record = records.record(of: backend)
        defer { records.remember(record, name) }
        return backend.metadata.deletionTimestamp == nil
            ? await converge(backend, &record) : await finalize(backend, &record)
    }

    private func converge(_ backend: ChatBackend, _ record: inout BackendRecord) async -> ReconcileOutcome {
        let progress: Progress
        var outcome = ReconcileOutcome.done
        do throws(Interruption) {
            try admit(backend)
            if backend.spec.paused {
                progress = paused(backend, &record)
            } else {
                var facts = try await observe(backend, &record)
                try await addFinalizer(backend, &record)
                let secrets = try await observeSecrets(of: backend, &record)
                facts.secretsHash = secrets.hash
                try await apply(facts, secrets, to: backend, &record)
                try secrets.check(backend)
                progress = rollout(of: backend, &record)
            }
            if statusWaits(for: progress, &record) { return .recheck(after: Self.statusPatience) }
            if let pause = record.secrets?.recheck { outcome = .recheck(after: pause) }
            if !record.unseen.isEmpty { outcome = .recheck(after: UnseenWrite.patience) }
        } catch {
            progress = error.progress
            outcome = error.outcome
            log(error, backend)
        }
        do {
            try await write(progress, of: backend, &record)
        } catch {
            logger.warning("status not written", metadata: ["backend": "\(backend.name)", "error": "\(error)"])
            outcome = .failed
        }
        return outcome
    }

    /// How long the status waits for the Deployment to be taken up: one status then tells of both.
    private static let statusPatience: Duration = .milliseconds(200)

    private func statusWaits(for progress: Progress, _ record: inout BackendRecord) -> Bool {
        guard case .applied(_, isCurrent: false) = progress else {
            record.statusDue = nil
            return false
        }
        let due = record.statusDue ?? .now + Self.statusPatience
        record.statusDue = due
        return .now < due
    }

    /// Refuses what the resource itself gets wrong, before anything is read or written.
    private func admit(_ backend: ChatBackend) throws(Interruption) {
        if let invalid = backend.invalidSpec {
            throw .refused(
                Refusal(reason: Reason.invalidSpec, message: "The specification cannot be read: \(invalid)."), .done)
        }
        if let refusal = Admission.check(backend, operatorNamespace: operatorNamespace) {
            throw .refused(refusal, .done)
        }
        // The other one's change brings this one's next run.
        if let refusal = Admission.check(caches.hostConflict(of: backend.name)) { throw .refused(refusal, .done) }
    }

    /// What is seen of a backend that is left alone.
    private func paused(_ backend: ChatBackend, _ record: inout BackendRecord) -> Progress {
        guard case .applied(let shown, let isCurrent) = rollout(of: backend, &record) else {
            return .paused(nil, isCurrent: false)
        }
        return .paused(shown, isCurrent: isCurrent)
    }

    /// Finds out what desired state depends on: whose the namespace is.
    private func observe(
        _ backend: ChatBackend, _ record: inout BackendRecord
    ) async throws(Interruption) -> ObservedFacts {
        let claim = try await namespaceClaim(of: backend, record)
        if let refusal = Admission.check(claim, namespace: backend.namespace) {
            // Another's namespace is not watched: its label or its end shows only on looking.
            throw .refused(refusal, .recheck(after: .seconds(10)))
        }
        let servedKinds = caches.servedKinds
        // A definition that comes brings this one's next run.
        if let refusal = Admission.check(backend, servedKinds: servedKinds)
            ?? Admission.checkDatabase(backend.spec, servedKinds: servedKinds)
        {
            throw .refused(refusal, .done)
        }
        if claim != .absent { try await checkServerNames(of: backend, record) }
        record.isNamespaceNew = claim == .absent
        record.claim = claim == .absent ? .ours : claim
        return ObservedFacts(namespaceIsAdopted: claim == .adopted, servedKinds: servedKinds)
    }

    /// How far the Deployment is; unknown while the watch still has to show what was written last.
    private func rollout(of backend: ChatBackend, _ record: inout BackendRecord) -> Progress {
        record.dropSeen { caches.object($0) }
        let identity = ObjectIdentity(
            apiVersion: APIResource.deployments.apiVersion, kind: APIResource.deployments.kind,
            namespace: backend.namespace, name: backend.objectNames.deployment)
        let shown = caches.object(identity)
        let isCurrent =
            record.unseen[identity] == nil
            && shown?.rollout.map { $0.observedGeneration >= (shown?.generation ?? 0) } ?? false
        return .applied(shown?.rollout, isCurrent: isCurrent)
    }

    private func log(_ interruption: Interruption, _ backend: ChatBackend) {
        switch interruption {
        case .refused: break  // told of once, when the status changes
        case .waiting(let reason, _, _):
            logger.debug("waiting", metadata: ["backend": "\(backend.name)", "reason": "\(reason)"])
        case .failed(let error):
            logger.warning("will try again", metadata: ["backend": "\(backend.name)", "error": "\(error)"])
        }
    }
}
