import K8sClient
import Logging
import ServiceLifecycle

/// The controllers and the node of the development cluster: what makes Deployments, Jobs and Services more than stored
/// objects.
struct Workloads: Service {
    /// Where things are and how they are reached.
    struct Configuration: Sendable {
        /// Where pods' volumes and logs are kept while they run.
        var directory: String
        /// Where the folders of PersistentVolumes are, which outlive the pods; as long as the objects, so beside them.
        var volumes: String
        var images: ImageMap
        var ranges: LoopbackRanges
        /// The certificate, in PEM, that pods verify the API server with.
        var caCertificate: String
        /// How long the node waits before it starts failing containers again; tests shorten it.
        var backoff = RestartBackoff.Limits()
    }

    /// What the pods' containers wrote, for the API server to serve.
    let logs: any ContainerLogs

    /// Where pods find the API server: to be told before any of them starts.
    let apiServer: APIServerAddress

    private let node: NodeContext
    private let loops: [ControlLoop]
    private let heartbeat: NodeHeartbeat
    private let proxy: ServiceProxy

    /// - Parameter tokens: mints the service-account tokens that pods mount.
    /// - Throws: `SandboxError` when no pod can be run on this machine.
    init(
        cluster: any Cluster, configuration: Configuration, tokens: @escaping PodTokenSource, logger: Logger
    ) async throws {
        let nodeLogs = NodeLogs()
        var images = configuration.images
        let builtIn = try BuiltInImages(directory: configuration.directory + "/images")
        for (name, problem) in builtIn.unavailable.sorted(by: { $0.key < $1.key }) {
            logger.info("no image \(name): \(problem)")
        }
        images.merge(builtIn)
        let directory = ServiceDirectory(cluster: cluster)
        logs = nodeLogs
        apiServer = APIServerAddress()
        node = NodeContext(
            cluster: cluster, directory: configuration.directory, images: images,
            sandbox: try await Sandbox(), services: directory,
            addresses: PodAddresses(octet: configuration.ranges.pods), logs: nodeLogs,
            events: EventRecorder(
                cluster: cluster, component: NodeContext.component, host: NodeObject.name, logger: logger),
            tokens: tokens, caCertificate: configuration.caCertificate, apiServer: apiServer,
            backoff: configuration.backoff, unenforced: UnenforcedFields(logger: logger), logger: logger)
        heartbeat = NodeHeartbeat(cluster: cluster, logger: logger)
        proxy = ServiceProxy(directory: directory, logger: logger)
        let provisioner = FolderProvisioner(directory: configuration.volumes)
        func recorder(_ component: String) -> EventRecorder {
            EventRecorder(cluster: cluster, component: component, logger: logger)
        }
        loops = [
            DeploymentController(cluster: cluster, events: recorder("deployment-controller"), logger: logger).loop,
            ReplicaSetController(cluster: cluster, events: recorder("replicaset-controller"), logger: logger).loop,
            StatefulSetController(cluster: cluster, events: recorder("statefulset-controller"), logger: logger).loop,
            ClaimController(
                cluster: cluster, provisioner: provisioner, events: recorder("persistentvolume-controller"),
                logger: logger
            ).loop,
            VolumeController(
                cluster: cluster, provisioner: provisioner, events: recorder("persistentvolume-controller"),
                logger: logger
            ).loop,
            DisruptionController(cluster: cluster, events: recorder("controllermanager"), logger: logger).loop,
            AutoscalerController(cluster: cluster, events: recorder("horizontal-pod-autoscaler"), logger: logger).loop,
            EndpointsController(cluster: cluster, logger: logger).loop,
            JobController(cluster: cluster, events: recorder("job-controller"), logger: logger).loop,
            CronJobController(cluster: cluster, events: recorder("cronjob-controller"), logger: logger).loop,
            Scheduler(cluster: cluster, events: recorder("default-scheduler"), logger: logger).loop,
        ]
        logger.info("node \(NodeObject.name): limits of CPU and memory are shown but not enforced")
    }

    /// Runs until graceful shutdown or cancellation; returns once no process of a pod is left.
    func run() async {
        let stopping = Gate()
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                await apiServer.wait(or: stopping)
                group.addTask { await node.services.run() }
                group.addTask { await heartbeat.run() }
                group.addTask { await proxy.run() }
                group.addTask {
                    await withDiscardingTaskGroup { controlling in
                        for loop in loops { controlling.addTask { await loop.run() } }
                        await stopping.wait()
                        // Nothing new is started while the node ends what there is.
                        controlling.cancelAll()
                    }
                }
                await Kubelet(node: node).run(stopping: stopping)
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            stopping.open()
        }
    }
}
