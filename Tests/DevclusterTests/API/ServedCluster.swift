import FoundationEssentials
import K8sClient
import Logging
import ServiceLifecycle
import Testing

@testable import devcluster

/// An API server over HTTPS in this process, without a node.
enum ServedCluster {
    private struct Silent: ContainerLogs {
        func log(podUID: String, container: String, _ options: LogOptions) async throws(StatusError)
            -> AsyncStream<[UInt8]>
        {
            throw .badRequest("no logs")
        }
    }

    /// Runs a server for the body, which is given a client and the path of its kubeconfig.
    static func run(
        watchList: Bool = false, _ body: @Sendable (EmbeddedCluster, KubernetesClient, String) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.path() + "devcluster-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let cluster = try EmbeddedCluster(directory: directory, serviceOctet: 96, logger: logger)
        let (ports, ready) = AsyncStream<Int>.makeStream()
        let server = cluster.server(containerLogs: Silent(), watchList: watchList)
        let application = try server.application(port: 0, pki: cluster.pki) { ready.yield($0) }
        let services: [any Service] = [application] + cluster.controllers
        let group = ServiceGroup(
            configuration: .init(services: services.map { .init(service: $0) }, logger: logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let path = "\(directory)/admin.kubeconfig"
            let url = "https://127.0.0.1:\(port)"
            try PrivateFile.write(Kubeconfig.text(url: url, pki: cluster.pki), to: path)
            let client = KubernetesClient(configuration: try ClientConfiguration.load(kubeconfigPath: path))
            try await body(cluster, client, path)
            await client.shutdown()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

/// A cluster-scoped kind `Widget` of `example.dev/v1`, for tests of custom resources.
enum WidgetKind {
    static let path = "/apis/example.dev/v1/widgets"

    /// Defines the kind with these members of `spec`, and waits until it is served.
    static func define(_ client: KubernetesClient, spec: JSONValue) async throws {
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "widgets.example.dev"],
            "spec": [
                "group": "example.dev", "scope": "Cluster",
                "names": ["plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": [
                            "openAPIV3Schema": [
                                "type": "object", "properties": ["spec": ["type": "object", "properties": spec]],
                            ]
                        ],
                    ]
                ],
            ],
        ]
        let made = try await client.raw(
            .init(
                .post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body: definition.jsonBytes()))
        try #require(made.status == 201)
        let deadline = ContinuousClock.now + .seconds(60)
        while try await client.raw(.init(.get, path)).status != 200 {
            try #require(ContinuousClock.now < deadline, "widgets are not served")
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
