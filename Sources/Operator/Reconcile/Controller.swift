import K8sClient
import Logging
import Metrics
import ServiceLifecycle

/// Turns changes into runs of the reconciler, while this process leads.
struct Controller: Service {
    let reconciler: Reconciler
    let caches: ClusterCaches
    let queue: WorkQueue<String>
    let health: OperatorHealth
    let leadership: Leadership
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await caches.synced()
            // Asked to end before the caches were filled: nothing has begun, so nothing is wrong.
            guard !Task.isCancelled else { return }
            health.becameReady("caches")
            logger.info("caches are filled", metadata: ["backends": "\(caches.backendCount)"])
            let wasLost = await leadership.whileLeading {
                logger.info("leading")
                await queue.run { name in await timed(name) }
            }
            // What this process remembers of its writes may be stale by now: a new one starts from the cluster.
            if wasLost { throw LeadershipLost() }
        }
    }

    private func timed(_ name: String) async -> ReconcileOutcome {
        let start = ContinuousClock.now
        let outcome = await reconciler.reconcile(name)
        let dimensions = [("controller", "chatbackend")]
        Timer(label: "controller_runtime_reconcile_time", dimensions: dimensions).record(duration: .now - start)
        Counter(
            label: "controller_runtime_reconcile_total", dimensions: dimensions + [("result", outcome.label)]
        ).increment()
        return outcome
    }
}

extension ReconcileOutcome {
    /// controller-runtime's words.
    fileprivate var label: String {
        switch self {
        case .done: "success"
        case .recheck: "requeue_after"
        case .failed: "error"
        }
    }
}
