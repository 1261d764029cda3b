import Foundation
@testable import K8sClient
import Logging
import Testing

/// Ten thousand changes, seen through a proxy that drops half of all requests and hurts others. One after another, since each
/// keeps the machine busy.
@Suite("A soak under faults", .serialized)
struct SoakTests {
    private static let writers = 8
    private static let changes = 10_000
    private static let namespace = "soak"

    @Test(
        "After ten thousand changes under faults a store holds the server's list byte for byte, and nothing has leaked",
        arguments: [false, true])
    func soak(servesWatchList: Bool) async throws {
        let mix = FaultMix(for: servesWatchList ? "soak with first lists as events" : "soak")
        try await withProxy(mix, servesWatchList: servesWatchList) { direct, proxy, certificates in
            try await run(mix, direct, proxy, certificates)
        }
    }

    @Test(
        "A process that followed and wrote under faults has no descriptor open that it did not have before",
        arguments: [false, true])
    func descriptors(servesWatchList: Bool) async throws {
        let mix = FaultMix(for: "descriptors")
        try await withProxy(mix, servesWatchList: servesWatchList) { _, proxy, certificates in
            let output = try await Probe.run([
                "soak", "--server", "https://127.0.0.1:\(proxy.port)", "--authority", certificates.path("proxy-ca.crt"),
                "--namespace", Self.namespace, "--writes", "120",
            ])
            #expect(output == "left open: []\n")
        }
    }

    /// A cluster with the namespace, and a proxy before it that does what the mix says.
    private func withProxy(
        _ mix: FaultMix, servesWatchList: Bool,
        _ body: @escaping @Sendable (KubernetesClient, FaultProxy, Certificates) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let certificates = Certificates(folder: folder)
            try certificates.authority("proxy-ca")
            for name in ["proxy", "proxy-2"] { try certificates.certificate(name, by: "proxy-ca") }
            try await DevelopmentCluster.running(servesWatchList: servesWatchList) { cluster in
                let direct = KubernetesClient(configuration: cluster.configuration)
                try await direct.create(
                    .namespaces,
                    ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(Self.namespace)]])
                let port = try await FaultProxy.running(
                    to: try cluster.upstream(), tls: try certificates.serverContext("proxy"), plan: { mix.next($0) }
                ) { proxy in
                    try await body(direct, proxy, certificates)
                    return proxy.port
                }
                try await eventually("no socket of the proxy is open") { try Self.sockets(port: port) == 0 }
            }
        }
    }

    private func run(
        _ mix: FaultMix, _ direct: KubernetesClient, _ proxy: FaultProxy, _ certificates: Certificates
    ) async throws {
        let client = KubernetesClient(
            configuration: .init(
                server: "https://127.0.0.1:\(proxy.port)",
                tls: .init(certificateAuthority: try certificates.pem("proxy-ca.crt")), requestTimeout: .seconds(3)),
            logger: Logger(label: "soak"), retryPolicy: RetryPolicy(basePause: .milliseconds(5)))
        let whole = informer(client, as: JSONValue.self) { $0 }
        let selected = informer(client, .init(labelSelector: "half=even"), as: JSONValue.self) { $0 }
        let metadata = informer(client, as: PartialObjectMetadata.self) { $0.metadata }
        let tasks = [
            Task { try await whole.run() }, Task { try await selected.run() }, Task { try await metadata.run() },
        ]
        let start = ContinuousClock.now
        try await withThrowingDiscardingTaskGroup { group in
            for writer in 0..<Self.writers {
                group.addTask { try await Self.write(writer, seed: mix.seed, direct, through: client) }
            }
            group.addTask {
                // The proxy's own certificate changes on the way.
                try await Task.sleep(for: .seconds(1))
                proxy.use(try certificates.serverContext("proxy-2"))
            }
        }
        print("soak: \(Self.changes) changes took \(ContinuousClock.now - start); faults: \(proxy.counts)")
        let expected = try await direct.listAll(.configMaps, namespace: Self.namespace)
        let bytes = Self.bytes(expected.items)
        // Faults go on: what is there at the end has come through them.
        try await eventually("the store holds the server's list", within: .seconds(90)) {
            Self.bytes(whole.store.all) == bytes
        }
        let even = Self.bytes(expected.items.filter { $0["metadata", "labels", "half"] == "even" })
        try await eventually("so does the selected one", within: .seconds(90)) {
            Self.bytes(selected.store.all) == even
        }
        let versions = Dictionary(uniqueKeysWithValues: expected.items.map { ($0.objectKey, $0.metadata) })
        try await eventually("and that of metadata", within: .seconds(90)) {
            Dictionary(
                uniqueKeysWithValues: metadata.store.all.map { (ObjectKey(namespace: $0.namespace, name: $0.name), $0) }
            )
                == versions
        }
        #expect(try Self.sockets(port: proxy.port) > 0, "they are seen while they are there")
        #expect(proxy.counts["drop", default: 0] + proxy.counts["dropAnswer", default: 0] > 100)

        for task in tasks { task.cancel() }
        for task in tasks { try await task.value }
        let transport = try client.core.transport.get()
        try await eventually("no transfer is alive") { transport.liveTransfers == 0 }
        await client.shutdown()
        try await eventually("every connection is closed") { proxy.openConnections == 0 }
    }

    private func informer<Raw: Decodable & KubernetesObject, Stored: Sendable>(
        _ client: KubernetesClient, _ options: ListOptions = .init(), as type: Raw.Type,
        _ transform: @escaping @Sendable (Raw) -> Stored
    ) -> Informer<Stored> {
        var tuning = WatchTuning()
        tuning.backoff = .init(base: .milliseconds(5), maximum: .milliseconds(100), healthyWatch: .seconds(60))
        tuning.silence = .seconds(2)
        tuning.initialSilence = .seconds(2)
        tuning.pageSize = 50
        return Informer(
            client, .configMaps, namespace: Self.namespace, options, as: type, tuning: tuning, transform: transform)
    }

    /// A part of all changes, to objects of its own, in an order that the seed gives. The last writer goes through the proxy
    /// as well, and tries each change until it is done.
    private static func write(
        _ writer: Int, seed: UInt64, _ direct: KubernetesClient, through client: KubernetesClient
    ) async throws {
        var random = SeededGenerator(seed: seed &+ UInt64(writer))
        let isThroughProxy = writer == writers - 1
        let count = isThroughProxy ? 150 : (changes - 150 + writers - 2) / (writers - 1)
        for step in 0..<count {
            let index = Int.random(in: 0..<40, using: &random)
            let name = "w\(writer)-\(index)"
            let isDeletion = Int.random(in: 0..<8, using: &random) == 0
            let manifest: JSONValue = [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": [
                    "name": .string(name), "namespace": .string(namespace),
                    "labels": ["half": index.isMultiple(of: 2) ? "even" : "odd"],
                ],
                "data": [
                    "step": .string("\(step)"),
                    "text": .string(String(repeating: "ö", count: Int.random(in: 0..<300, using: &random))),
                ],
            ]
            while true {
                do throws(KubernetesError) {
                    let client = isThroughProxy ? client : direct
                    if isDeletion {
                        try await client.deleteIfPresent(.configMaps, name, namespace: namespace)
                    } else {
                        try await client.apply(.configMaps, manifest, .init(fieldManager: "soak", force: true))
                    }
                    break
                } catch {
                    guard isThroughProxy, error.code != .cancelled else { throw error }
                }
            }
        }
    }

    private static func bytes(_ objects: [JSONValue]) -> [UInt8] {
        JSONValue.array(objects.sorted { $0.objectKey.name < $1.objectKey.name }).jsonBytes()
    }

    /// How many of this process's sockets have a port at either end.
    private static func sockets(port: Int) throws -> Int {
        func ports(_ descriptor: Int32) -> [Int] {
            [getsockname, getpeername].compactMap { ask in
                var address = sockaddr_in()
                var size = socklen_t(MemoryLayout<sockaddr_in>.size)
                let result = withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(descriptor, $0, &size) }
                }
                // What is no socket, or was closed meanwhile, has no ports.
                guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
                return Int(UInt16(bigEndian: address.sin_port))
            }
        }
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
            .count { ports($0).contains(port) }
    }
}
