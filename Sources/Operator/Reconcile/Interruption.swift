import K8sClient

/// Why a run over a backend ended before everything was applied.
enum Interruption: Error {
    /// Somebody has to act; look again as the outcome says.
    case refused(Refusal, ReconcileOutcome)
    /// Something has to pass first.
    case waiting(reason: String, message: String, ReconcileOutcome)
    /// A request failed; the next try may not.
    case failed(KubernetesError)

    /// What a failed write of an object means for its backend.
    init(_ error: KubernetesError, writing what: String) {
        if error.isForbidden,
            error.status?.details?.causes?.contains(where: { $0.reason == "NamespaceTerminating" }) == true
        {
            self = .waiting(
                reason: Reason.namespaceTerminating, message: "Waiting for the namespace's deletion to end.",
                .recheck(after: .seconds(2)))
        } else if error.isForbidden {
            self = .refused(
                Refusal(
                    reason: Reason.permissionDenied,
                    message: "The operator may not write \(what): \(error.serverMessage). Grant it what "
                        + "charts-free-manifests/rbac.yaml lists."), .failed)
        } else if error.isInvalid {
            self = .refused(
                Refusal(
                    reason: Reason.applyRefused,
                    message: "The API server refused \(what): \(error.serverMessage). Correct the specification."),
                .failed)
        } else {
            self = .failed(error)
        }
    }

    var progress: Progress {
        switch self {
        case .refused(let refusal, _): .refused(refusal)
        case .waiting(let reason, let message, _): .waiting(reason: reason, message: message)
        case .failed(let error): .failed(message: "\(error); trying again.")
        }
    }

    var outcome: ReconcileOutcome {
        switch self {
        case .refused(_, let outcome), .waiting(_, _, let outcome): outcome
        case .failed: .failed
        }
    }
}

extension KubernetesError {
    /// What the server said, when it said something; else the error in full.
    var serverMessage: String { status?.message ?? description }
}
