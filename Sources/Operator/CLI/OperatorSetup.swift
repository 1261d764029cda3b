import K8sClient
import Logging
import ServiceLifecycle

/// The operator's parts, put together.
struct OperatorSetup {
    let services: [any Service]
    let health: OperatorHealth
    let caches: ClusterCaches
    private let client: KubernetesClient

    /// - Parameters:
    ///   - namespace: The operator's own, with its Lease.
    ///   - identity: This replica's name in the Lease.
    init(
        configuration: ClientConfiguration, namespace: String, identity: String, settings: OperatorSettings,
        logger: Logger
    ) {
        let client = KubernetesClient(configuration: configuration, logger: logger)
        let queue = WorkQueue<String>(name: "chatbackend", workers: settings.workers)
        let health = OperatorHealth(waitingFor: ["caches"])
        let caches = ClusterCaches(
            client: client,
            onChange: { backend, change in
                switch change {
                case .specification: queue.addUrgently(backend)
                case .observation: queue.addGathering(backend)
                }
            },
            onError: { resource, error in
                logger.warning("watch interrupted", metadata: ["resource": "\(resource.plural)", "error": "\(error)"])
            })
        let events = EventRecorder(
            client: client, reportingController: "chatbackend.io/operator", reportingInstance: identity, logger: logger)
        let leadership = Leadership()
        let controller = Controller(
            reconciler: Reconciler(
                client: client, caches: caches, records: BackendRecords(), events: events,
                operatorNamespace: namespace, logger: logger),
            caches: caches, queue: queue, health: health, leadership: leadership, logger: logger)

        // Services end in the reverse order: the controller stops working before its Lease is released.
        var services: [any Service] = [events]
        if settings.leaderElection {
            // A client of its own: renewing the Lease never waits behind the applies.
            services.append(
                LeaderElector(
                    client: KubernetesClient(configuration: configuration, logger: logger),
                    configuration: .init(name: "chatbackend-operator", namespace: namespace, identity: identity),
                    logger: logger, onStarted: { leadership.began() }, onLost: { leadership.ended() }))
        } else {
            leadership.began()
        }
        self.client = client
        self.caches = caches
        self.health = health
        self.services = services + caches.services + [controller]
    }

    /// Fails at once, with a clear message, when the cluster cannot be reached or does not know the resource.
    func checkCluster() async throws(KubernetesError) {
        do {
            _ = try await client.list(ChatBackend.resource, ListOptions(limit: 1), as: PartialObjectMetadata.self)
        } catch {
            guard error.isNotFound else { throw error }
            throw KubernetesError(
                .configuration,
                "the cluster does not know the resource chatbackends.chatbackend.io; run "
                    + "`kubectl apply -f crds/` first")
        }
    }
}
