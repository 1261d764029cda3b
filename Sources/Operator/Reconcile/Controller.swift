import K8sClient
import Logging
import ServiceLifecycle

/// Turns changes into runs of the reconciler, while this process leads.
struct Controller: Service {
    let reconciler: Reconciler
    let caches: ClusterCaches
    let queue: WorkQueue<String>
    let health: OperatorHealth
    let leadership: Leadership
    let logger: Logger
    private let metrics: ReconcileMetrics

    init(
        reconciler: Reconciler, caches: ClusterCaches, queue: WorkQueue<String>, health: OperatorHealth,
        leadership: Leadership, logger: Logger
    ) {
        self.reconciler = reconciler
        self.caches = caches
        self.queue = queue
        self.health = health
        self.leadership = leadership
        self.logger = logger
        metrics = ReconcileMetrics(workers: queue.workers)
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await caches.synced()
            // Told to end before the first lists were in: that is no failure.
            guard !Task.isCancelled else { return }
            health.becameReady("caches")
            logger.info("caches are filled", metadata: ["backends": "\(caches.backendCount)"])
            let wasLost = await leadership.whileLeading {
                logger.info("leading")
                await queue.run { name in await metrics.measure { await reconciler.reconcile(name) } }
            }
            // What this process remembers of its writes may be stale by now: a new one starts from the cluster.
            if wasLost { throw LeadershipLost() }
        }
    }
}
