import K8sClient
import Logging
import ServiceLifecycle
import Testing

@testable import Operator

@Suite struct ControllerTests {
    @Test("told to end before its first lists are in, the controller ends without an error", .timeLimit(.minutes(1)))
    func earlyEnd() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        // Nobody listens there, so that the lists never come.
        let client = KubernetesClient(configuration: ClientConfiguration(server: "http://127.0.0.1:1"), logger: logger)
        let queue = WorkQueue<String>(name: "test", workers: 1)
        let (failures, failed) = AsyncStream.makeStream(of: Void.self)
        let caches = ClusterCaches(client: client, onChange: { _, _ in }, onError: { _, _ in failed.yield() })
        let controller = Controller(
            reconciler: Reconciler(
                client: client, caches: caches, records: BackendRecords(),
                events: EventRecorder(client: client, reportingController: "test", reportingInstance: "test"),
                operatorNamespace: "test", logger: logger),
            caches: caches, queue: queue, health: OperatorHealth(waitingFor: ["caches"]), leadership: Leadership(),
            logger: logger)
        let group = ServiceGroup(services: [controller] + caches.services, logger: logger)
        async let ended: Void = group.run()
        for await _ in failures { break }  // now every part runs
        await group.triggerGracefulShutdown()
        try await ended
        await client.shutdown()
    }
}
