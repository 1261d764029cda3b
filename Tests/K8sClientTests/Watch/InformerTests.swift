@testable import K8sClient
import Logging
import ServiceLifecycle
import Testing

@Suite("An informer's store and what it tells")
struct InformerTests {
    private func informer<Stored: Sendable>(
        _ client: KubernetesClient, _ transform: @escaping @Sendable (JSONValue) -> Stored
    ) -> Informer<Stored> {
        var tuning = WatchTuning()
        tuning.backoff = .init(base: .milliseconds(10), maximum: .milliseconds(50), healthyWatch: .seconds(60))
        return Informer(
            client, .configMaps, namespace: nil, .init(), as: JSONValue.self, tuning: tuning, transform: transform)
    }

    @Test("The store follows the server, and handlers hear of what differs, after a new list too")
    func follow() async throws {
        let server = try FaultServer { [lists = Counter(), watches = Counter()] request in
            guard request.query["watch"] != nil else {
                return lists.next() == 1
                    ? .list([configMap("a", version: 1, data: ["k": "1"]), configMap("b", version: 2)], version: "5")
                    // While the watch was away: a changed, b stayed, c went, d came.
                    : .list(
                        [
                            configMap("a", version: 20, data: ["k": "2"]), configMap("b", version: 2),
                            configMap("d", version: 21),
                        ], version: "30")
            }
            switch watches.next() {
            case 1: return .watch([event("ADDED", configMap("c", version: 6))])
            case 2: return .status(410, "Expired", "too old")
            default: return .watch([event("DELETED", configMap("b", version: 31))]) { $0.waitForClose() }
            }
        }
        let keys = Recorder<String>()
        let informer = informer(server.client()) { $0["data", "k"]?.string ?? "-" }
        informer.onChange { keys.append($0.name) }
        #expect(!informer.hasSynced)
        let task = Task { try await informer.run() }
        await informer.synced()
        #expect(informer.hasSynced)
        #expect(informer.store.count >= 2)
        try await eventually("all changes have come") { informer.store.keys.map(\.name).sorted() == ["a", "d"] }
        #expect(informer.store.get("a", namespace: "default") == "2")
        #expect(informer.store[ObjectKey(namespace: "default", name: "d")] == "-")
        #expect(informer.store.resourceVersion(ObjectKey(namespace: "default", name: "a")) == "20")
        try await eventually("every handler was called") { keys.all.count == 7 }
        #expect(keys.all[..<3].sorted() == ["a", "b", "c"])
        #expect(keys.all[3..<6].sorted() == ["a", "c", "d"], "what the new list shows to differ, and nothing else")
        #expect(keys.all[6] == "b")
        task.cancel()
        try await task.value
    }

    @Test("A change's key is in the store when its handler is called")
    func order() async throws {
        let server = try FaultServer { request in
            guard request.query["watch"] != nil else { return .list([], version: "1") }
            return .watch((2..<50).map { event("ADDED", configMap("n\($0)", version: $0)) }) { $0.waitForClose() }
        }
        let informer = informer(server.client()) { $0.resourceVersion }
        let missing = Recorder<String>()
        let seen = Counter()
        informer.onChange { [store = informer.store] key in
            if store[key] == nil { missing.append(key.name) }
            _ = seen.next()
        }
        let task = Task { try await informer.run() }
        try await eventually("all have come") { seen.value == 48 }
        #expect(missing.all.isEmpty)
        task.cancel()
        try await task.value
    }

    @Test("Metadata alone is asked for and kept when that is the type")
    func metadata() async throws {
        let server = try FaultServer { request in
            if request.query["watch"] != nil { return .watch([]) { $0.waitForClose() } }
            return .list([configMap("a", version: 1)], version: "5", kind: "PartialObjectMetadataList")
        }
        let informer = Informer(server.client(), .configMaps, as: PartialObjectMetadata.self)
        let task = Task { try await informer.run() }
        await informer.synced()
        try await eventually("the watch is open") { server.requests.count == 2 }
        #expect(informer.store.all.map(\.metadata.name) == ["a"])
        #expect(
            server.requests.map { $0.headers["accept"] } == [
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            ])
        task.cancel()
        try await task.value
    }

    @Test("Waiting for the first list ends with the waiting task")
    func cancelledWait() async throws {
        let server = try FaultServer { _ in .custom { $0.waitForClose() } }
        let informer = informer(server.client()) { $0 }
        let waiting = Task { await informer.synced() }
        waiting.cancel()
        await waiting.value
        #expect(!informer.hasSynced)
    }

    @Test("A client that is shut down under an informer ends it with an error")
    func shutdown() async throws {
        let server = try FaultServer { request in
            request.query["watch"] != nil ? .watch([]) { $0.waitForClose() } : .list([], version: "5")
        }
        let client = server.client()
        let informer = informer(client) { $0 }
        let task = Task { try await informer.run() }
        await informer.synced()
        await client.shutdown()
        await #expect(throws: KubernetesError.self) { try await task.value }
    }

    @Test("Graceful shutdown ends an informer without an error")
    func graceful() async throws {
        let server = try FaultServer { request in
            request.query["watch"] != nil ? .watch([]) { $0.waitForClose() } : .list([], version: "5")
        }
        let informer = informer(server.client()) { $0 }
        let group = ServiceGroup(services: [informer], logger: .init(label: "test"))
        let task = Task { try await group.run() }
        await informer.synced()
        await group.triggerGracefulShutdown()
        try await task.value
        try await eventually("the connection is closed") { server.openConnections <= 1 }
    }
}

extension InformerTests {
    @Test("It is synced only when every handler has been told of the whole first list, and indexes follow the store")
    func syncedMeansIt() async throws {
        let server = try FaultServer { request in
            guard request.query["watch"] != nil else {
                return .list(
                    (0..<50).map { configMap("n\($0)", version: $0 + 1, data: ["k": "\($0 % 2)"]) }, version: "60")
            }
            return .watch([event("MODIFIED", configMap("n0", version: 61, data: ["k": "1"]))]) { $0.waitForClose() }
        }
        let informer = informer(server.client()) { $0["data", "k"]?.string ?? "" }
        let parity = informer.index("parity") { [$0] }
        let told = Counter()
        let early = Counter()
        informer.onChange { [weak informer] _ in
            if informer?.hasSynced == true, told.value < 50 { _ = early.next() }
            _ = told.next()
        }
        let task = Task { try await informer.run() }
        await informer.synced()
        #expect(told.value >= 50)
        #expect(early.value == 0)
        try await eventually("the change is in the index") { parity["1"].count == 26 && parity["0"].count == 24 }
        task.cancel()
        try await task.value
    }
}
