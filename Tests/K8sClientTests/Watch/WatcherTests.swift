@testable import K8sClient
import Testing

@Suite("Watching through whatever happens")
struct WatcherTests {
    /// What a server was asked, as tests compare it.
    private func asked(_ server: FaultServer) -> [String] {
        server.requests.map { request in
            request.query["watch"] == nil ? "list" : "watch from \(request.query["resourceVersion"] ?? "-")"
        }
    }

    private func watcher(
        _ client: KubernetesClient, onError: @escaping @Sendable (KubernetesError) -> Void = { _ in },
        _ change: (inout WatchTuning) -> Void = { _ in }
    ) -> Watcher<JSONValue> {
        var tuning = WatchTuning()
        tuning.backoff = .init(base: .milliseconds(10), maximum: .milliseconds(50), healthyWatch: .seconds(60))
        change(&tuning)
        return Watcher(
            client, .configMaps, namespace: "default", .init(labelSelector: "app=x"), .full, tuning: tuning,
            onError: onError, convert: { $0.value })
    }

    private func describe(_ change: Watcher<JSONValue>.Change?) -> String {
        switch change {
        case .restarted(let items)?: "all: " + items.map(\.objectKey.name).joined(separator: " ")
        case .applied(let item)?: "\(item.objectKey.name)@\(item.resourceVersion)"
        case .deleted(let item)?: "-\(item.objectKey.name)"
        case nil: "end"
        }
    }

    private func changes(_ watcher: Watcher<JSONValue>, _ count: Int) async -> [String] {
        var iterator = watcher.makeAsyncIterator()
        var result: [String] = []
        for _ in 0..<count { result.append(describe(await iterator.next())) }
        return result
    }

    @Test("A watch that ends or breaks goes on at the last version, bookmarks included")
    func resume() async throws {
        let server = try FaultServer { [watches = Counter()] request in
            guard request.query["watch"] != nil else { return .list([configMap("a", version: 3)], version: "5") }
            switch watches.next() {
            case 1:
                return .watch([
                    event("ADDED", configMap("b", version: 6)), event("MODIFIED", configMap("b", version: 7)),
                ])
            case 2: return .watch([bookmark(version: 20)])
            // Cut off in the middle of a line, without the end of the body.
            case 3:
                return .custom { connection in
                    connection.beginStream()
                    connection.chunk(event("DELETED", configMap("a", version: 21)) + "\n" + #"{"type":"ADD"#)
                }
            default: return .watch([event("ADDED", configMap("c", version: 22))]) { $0.waitForClose() }
            }
        }
        let changes = await changes(watcher(server.client()), 5)
        #expect(changes == ["all: a", "b@6", "b@7", "-a", "c@22"])
        #expect(asked(server) == ["list", "watch from 5", "watch from 7", "watch from 20", "watch from 21"])
        #expect(server.requests.allSatisfy { $0.query["labelSelector"] == "app=x" })
        #expect(server.requests.dropFirst().allSatisfy { $0.query["allowWatchBookmarks"] == "true" })
        #expect(server.requests[1].query["timeoutSeconds"].flatMap { Int($0) }.map((300...600).contains) == true)
    }

    @Test("An expired version, as an event or as an answer, leads to a new list")
    func expired() async throws {
        let server = try FaultServer { [lists = Counter(), watches = Counter()] request in
            guard request.query["watch"] != nil else {
                let count = lists.next()
                return .list([configMap("a\(count)", version: count)], version: "\(count)0")
            }
            switch watches.next() {
            case 1:
                return .watch([
                    event("ERROR", ["kind": "Status", "code": 410, "reason": "Expired", "message": "too old"])
                ])
            case 2: return .status(410, "Expired", "too old")
            default: return .watch([event("ADDED", configMap("b", version: 31))]) { $0.waitForClose() }
            }
        }
        let changes = await changes(watcher(server.client()), 4)
        #expect(changes == ["all: a1", "all: a2", "all: a3", "b@31"])
        #expect(asked(server) == ["list", "watch from 10", "list", "watch from 20", "list", "watch from 30"])
    }

    @Test("A list in pages becomes one change, and a page that fails begins it anew")
    func pages() async throws {
        let server = try FaultServer { [seconds = Counter()] request in
            if request.query["watch"] != nil { return .watch([]) { $0.waitForClose() } }
            guard request.query["continue"] != nil else {
                return .list([configMap("a", version: 1)], version: "5", next: "t")
            }
            return seconds.next() == 1
                ? .status(500, "InternalError", "oops") : .list([configMap("b", version: 2)], version: "5")
        }
        #expect(await changes(watcher(server.client()), 1) == ["all: a b"])
        #expect(server.requests.map { $0.query["continue"] } == [nil, "t", nil, "t"])
    }

    @Test("Failures are reported and tried again until they pass")
    func failures() async throws {
        let errors = Recorder<KubernetesError>()
        let server = try FaultServer { [count = Counter()] request in
            if request.query["watch"] != nil { return .watch([]) { $0.waitForClose() } }
            switch count.next() {
            case 1: return .status(403, "Forbidden", "not yet")
            case 2: return .text(200, "{\"kind\":", type: "application/json")
            case 3: return .raw("")
            default: return .list([], version: "1")
            }
        }
        #expect(await changes(watcher(server.client(), onError: { errors.append($0) }), 1) == ["all: "])
        let codes = errors.all.map(\.code)
        #expect(codes.first == .api)
        #expect(codes.dropFirst().first == .invalidResponse)
    }

    @Test("Events cut anywhere, also inside characters, arrive whole")
    func chunks() async throws {
        let object = configMap("ü", version: 6, data: ["größe": "😀"])
        let line = Array((event("ADDED", object) + "\n").utf8)
        let server = try FaultServer { request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            return .custom { connection in
                connection.beginStream()
                for byte in line { connection.chunk([byte]) }
                connection.waitForClose()
            }
        }
        var iterator = watcher(server.client()).makeAsyncIterator()
        _ = await iterator.next()
        guard case .applied(let received)? = await iterator.next() else { Issue.record("no event"); return }
        #expect(received == object)
    }

    @Test("A line without end is given up and the watch begun anew")
    func endlessLine() async throws {
        let errors = Recorder<KubernetesError>()
        let server = try FaultServer { [watches = Counter()] request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            guard watches.next() == 1 else {
                return .watch([event("ADDED", configMap("a", version: 6))]) { $0.waitForClose() }
            }
            return .custom { connection in
                connection.beginStream()
                while connection.chunk([UInt8](repeating: 0x61, count: 10_000)) {}
            }
        }
        let watcher = watcher(server.client(), onError: { errors.append($0) }) { $0.maximumLineBytes = 100_000 }
        #expect(await changes(watcher, 3) == ["all: ", "all: ", "a@6"])
        #expect(errors.all.map(\.message) == ["a line of the watch is longer than 100000 bytes"])
        try await eventually("the flood's connection is closed") { server.openConnections <= 1 }
    }

    @Test("An event that is no JSON, or of an unknown type, leads to a new list")
    func nonsense() async throws {
        let errors = Recorder<KubernetesError>()
        let server = try FaultServer { [watches = Counter()] request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            switch watches.next() {
            case 1: return .watch(["<html>"])
            case 2: return .watch([event("RENAMED", configMap("a", version: 6))])
            default: return .watch([event("ADDED", configMap("a", version: 6))]) { $0.waitForClose() }
            }
        }
        #expect(
            await changes(watcher(server.client(), onError: { errors.append($0) }), 4) == [
                "all: ", "all: ", "all: ", "a@6",
            ])
        #expect(errors.all.map(\.code) == [.invalidResponse, .invalidResponse])
    }

    @Test("An object that cannot be decoded is left out and reported; the others come")
    func undecodable() async throws {
        let errors = Recorder<KubernetesError>()
        let broken = configMap("broken", version: 2)
        var wrong = broken
        wrong["data", "k"] = 1
        let server = try FaultServer { [wrong] request in
            request.query["watch"] != nil
                ? .watch([event("MODIFIED", wrong), event("ADDED", configMap("c", version: 8))]) { $0.waitForClose() }
                : .list([wrong, configMap("b", version: 3)], version: "5")
        }
        let watcher = Watcher(
            server.client(), .configMaps, as: ConfigMap.self, onError: { errors.append($0) })
        var iterator = watcher.makeAsyncIterator()
        guard case .restarted(let all)? = await iterator.next(), case .applied(let next)? = await iterator.next() else {
            Issue.record("other changes")
            return
        }
        #expect(all.map(\.metadata.name) == ["b"])
        #expect(next.metadata.name == "c")
        #expect(errors.all.count == 2)
        #expect(
            errors.all.first?.message
                == "the ConfigMap default/broken cannot be read: .data.k: must be a string, not a number")
    }

    @Test("Cancelling its task ends a watcher and closes the connection")
    func cancellation() async throws {
        let server = try FaultServer { request in
            request.query["watch"] != nil ? .watch([]) { $0.waitForClose() } : .list([], version: "5")
        }
        let watcher = watcher(server.client())
        let task = Task { for await _ in watcher {} }
        try await eventually("the watch is open") { server.requests.count == 2 }
        task.cancel()
        await task.value
        try await eventually("the connection is closed") { server.openConnections <= 1 }
    }

    @Test("Shutting the client down ends a watcher, also in a pause")
    func shutdown() async throws {
        let server = try FaultServer { _ in .status(403, "Forbidden", "no") }
        let client = server.client()
        let watcher = watcher(client)
        let task = Task { for await _ in watcher {} }
        try await eventually("it has begun") { !server.requests.isEmpty }
        await client.shutdown()
        await task.value
    }
}
