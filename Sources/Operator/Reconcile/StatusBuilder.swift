import K8sClient

/// How far a backend is, as the reconciler found it.
enum Progress: Sendable, Hashable {
    /// All objects are applied; the Deployment's rollout, when the watch shows one.
    case applied(DeploymentRollout?, isCurrent: Bool)
    /// Nothing more is done until somebody acts.
    case refused(Refusal)
    /// A write failed and is tried again.
    case failed(message: String)
    /// Waiting for something that passes by itself.
    case waiting(reason: String, message: String)
    /// Nothing is written, because the specification says so; the Deployment's rollout, when the watch shows one.
    case paused(DeploymentRollout?, isCurrent: Bool)
}

/// Makes the status out of what is known. Pure: the time comes in.
struct StatusBuilder {
    let backend: ChatBackend
    let previous: ChatBackendStatus?
    let inventory: [InventoryEntry]
    var secrets: SecretsSeen?
    /// RFC 3339, for conditions that change now.
    let now: String

    func status(_ progress: Progress) -> ChatBackendStatus {
        var status = ChatBackendStatus()
        status.observedGeneration = backend.metadata.generation
        status.selector = "app=\(backend.name)"
        status.version = ImageVersion(image: backend.spec.image).text
        status.url = url
        status.inventory = inventory.sorted { ($0.kind, $0.name) < ($1.kind, $1.name) }
        status.secrets = secrets ?? previous?.secrets
        var rollout: DeploymentRollout?
        status.lastHandledReconcileAt = previous?.lastHandledReconcileAt
        switch progress {
        case .applied(let shown, _):
            rollout = shown
            status.lastHandledReconcileAt = backend.reconcileRequest ?? previous?.lastHandledReconcileAt
        case .paused(let shown, _): rollout = shown
        case .refused, .failed, .waiting: break
        }
        status.replicas = rollout?.replicas ?? previous?.replicas ?? 0
        status.readyReplicas = rollout?.ready ?? previous?.readyReplicas ?? 0
        status.conditions = conditions(progress).map { stamped($0) }
        return status
    }

    private var url: String {
        backend.spec.exposure?.url ?? "http://\(backend.objectNames.service).\(backend.namespace).svc"
    }

    private struct Finding {
        let type: String
        let status: Condition.State
        let reason: String
        let message: String
    }

    private func conditions(_ progress: Progress) -> [Finding] {
        switch progress {
        case .applied(let rollout, let isCurrent):
            return rolloutFindings(rollout, isCurrent: isCurrent)
        case .refused(let refusal):
            return [
                Finding(
                    type: ConditionType.ready, status: .false, reason: refusal.reason, message: refusal.message),
                Finding(
                    type: ConditionType.stalled, status: .true, reason: refusal.reason, message: refusal.message),
            ] + keptAvailability
        case .failed(let message):
            return working(Reason.applyFailed, message) + keptAvailability
        case .waiting(let reason, let message):
            return working(reason, message) + keptAvailability
        case .paused(let rollout, let isCurrent):
            return pausedFindings(rollout, isCurrent: isCurrent)
        }
    }

    /// What is seen, and that nothing is done about it.
    private func pausedFindings(_ rollout: DeploymentRollout?, isCurrent: Bool) -> [Finding] {
        let message = "Nothing but this status is written: set spec.paused to false to go on."
        let paused = Finding(type: ConditionType.paused, status: .true, reason: Reason.paused, message: message)
        guard rollout != nil else {
            return [
                Finding(type: ConditionType.ready, status: .unknown, reason: Reason.paused, message: message), paused,
            ]
        }
        return rolloutFindings(rollout, isCurrent: isCurrent) + [paused]
    }

    private func rolloutFindings(_ rollout: DeploymentRollout?, isCurrent: Bool) -> [Finding] {
        guard let rollout, isCurrent else {
            return working(Reason.rollingOut, "Waiting for the Deployment to be taken up.") + keptAvailability
        }
        let available = availability(rollout)
        let counts = "\(rollout.available) of \(rollout.desired) pods are available"
        if let failure = rollout.failure {
            let message =
                "The rollout stopped with \(counts): \(failure) See `kubectl describe pods -n \(backend.namespace)`."
            return [
                Finding(
                    type: ConditionType.ready, status: .false, reason: Reason.progressDeadlineExceeded,
                    message: message),
                Finding(
                    type: ConditionType.stalled, status: .true, reason: Reason.progressDeadlineExceeded,
                    message: message), available,
            ]
        }
        let isComplete =
            rollout.updated >= rollout.desired && rollout.available >= rollout.desired
            && rollout.replicas <= rollout.desired
        guard isComplete else {
            return working(
                Reason.rollingOut, "\(counts), \(rollout.updated) of them as the specification says."
            ) + [available]
        }
        let ready = Finding(
            type: ConditionType.ready, status: .true, reason: Reason.ready,
            message: rollout.desired == 0 ? "Scaled to zero, as specified." : "All \(counts).")
        return [ready, available]
    }

    private func working(_ reason: String, _ message: String) -> [Finding] {
        [
            Finding(type: ConditionType.ready, status: .unknown, reason: reason, message: message),
            Finding(type: ConditionType.reconciling, status: .true, reason: reason, message: message),
        ]
    }

    private func availability(_ rollout: DeploymentRollout) -> Finding {
        if rollout.available > 0 {
            return Finding(
                type: ConditionType.available, status: .true, reason: Reason.podsReady,
                message: "At least one pod takes requests.")
        }
        let isWanted = rollout.desired > 0
        return Finding(
            type: ConditionType.available, status: .false,
            reason: isWanted ? Reason.noPodReady : Reason.scaledToZero,
            message: isWanted ? "No pod takes requests." : "Scaled to zero: set spec.replicas to serve.")
    }

    /// What was last known of availability stands while the Deployment is not looked at.
    private var keptAvailability: [Finding] {
        guard let kept = previous?.conditions?.first(where: { $0.type == ConditionType.available }) else { return [] }
        return [Finding(type: kept.type, status: kept.status, reason: kept.reason, message: kept.message)]
    }

    /// A condition keeps its time of transition while its status stays.
    private func stamped(_ finding: Finding) -> Condition {
        let before = previous?.conditions?.first { $0.type == finding.type }
        return Condition(
            type: finding.type, status: finding.status, observedGeneration: backend.metadata.generation,
            lastTransitionTime: before.flatMap { $0.status == finding.status ? $0.lastTransitionTime : nil } ?? now,
            reason: finding.reason, message: finding.message)
    }
}
