import Foundation
@testable import K8sClient
import Testing

@Suite("Watches of servers that say too little or too much")
struct WatchLimitTests {
    private func watcher(_ client: KubernetesClient, _ change: (inout WatchTuning) -> Void) -> Watcher<JSONValue> {
        var tuning = WatchTuning()
        tuning.backoff = .init(base: .milliseconds(10), maximum: .seconds(30), healthyWatch: .seconds(60))
        change(&tuning)
        return Watcher(
            client, .configMaps, namespace: nil, .init(), .full, tuning: tuning, onError: { _ in },
            convert: { $0.value })
    }

    @Test("A watch that falls silent is given up and goes on at the last version")
    func silence() async throws {
        let server = try FaultServer { [watches = Counter()] request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            return watches.next() == 1
                ? .watch([bookmark(version: 7)]) { $0.waitForClose() }
                : .watch([event("ADDED", configMap("a", version: 8))]) { $0.waitForClose() }
        }
        var changes = watcher(server.client()) { $0.silence = .milliseconds(300) }.makeAsyncIterator()
        _ = await changes.next()
        guard case .applied(let object)? = await changes.next() else { Issue.record("no change"); return }
        #expect(object.objectKey.name == "a")
        #expect(server.requests.last?.query["resourceVersion"] == "7")
        try await eventually("the silent connection is closed") { server.openConnections <= 2 }
    }

    @Test("A watch that says something now and then is not given up, and one that nobody reads neither")
    func notSilent() async throws {
        let server = try FaultServer { [watches = Counter()] request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            _ = watches.next()
            return .custom { connection in
                connection.beginStream()
                for version in 6..<16 {
                    connection.chunk(event("ADDED", configMap("a\(version)", version: version)) + "\n")
                    // Sooner than the limit, together much longer.
                    usleep(800_000)
                }
                connection.chunk(
                    event("ADDED", configMap("big", version: 16, data: ["k": String(repeating: "x", count: 4 << 20)]))
                        + "\n")
                connection.waitForClose()
            }
        }
        var changes = watcher(server.client()) { $0.silence = .seconds(5) }.makeAsyncIterator()
        for _ in 0..<11 { _ = await changes.next() }
        #expect(server.requests.count == 2)
        guard case .applied(let last)? = await changes.next() else { Issue.record("no change"); return }
        #expect(last.objectKey.name == "big")
    }

    @Test("An answer that does not begin, to a watch, ends with the client's own deadline")
    func noHead() async throws {
        let server = try FaultServer { _ in .custom { $0.waitForClose() } }
        let client = server.client { $0.requestTimeout = .milliseconds(300) }
        let error = try await failure { () async throws(KubernetesError) in
            try await client.stream(KubernetesRequest(.get, "/x?watch=1"))
        }
        #expect(error.code == .timeout)
        #expect(error.description.hasPrefix("GET /x: "))
    }

    @Test("An error to a watch whose body does not end is told with what has come")
    func endlessError() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.write("HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\noops")
                connection.waitForClose()
            }
        }
        let client = server.client { $0.requestTimeout = .milliseconds(300) }
        let error = try await failure { () async throws(KubernetesError) in
            try await client.stream(KubernetesRequest(.get, "/x?watch=1"))
        }
        #expect(error.httpStatus == 500)
        #expect(error.message.contains("oops"))
    }

    @Test("An event of eight megabytes arrives whole")
    func large() async throws {
        let text = String(repeating: "0123456789abcdef", count: 512 * 1024)
        let server = try FaultServer { request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            return .watch([
                event("ADDED", configMap("large", version: 6, data: ["k": text])),
                event("ADDED", configMap("small", version: 7)),
            ]) { $0.waitForClose() }
        }
        var changes = watcher(server.client()) { _ in }.makeAsyncIterator()
        _ = await changes.next()
        guard case .applied(let large)? = await changes.next(), case .applied(let small)? = await changes.next() else {
            Issue.record("no change")
            return
        }
        #expect(large["data", "k"]?.string == text)
        #expect(small.objectKey.name == "small")
    }

    @Test("A server that asks for patience gets it before the next watch")
    func retryAfter() async throws {
        let server = try FaultServer { [watches = Counter()] request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            return watches.next() == 1
                ? .status(429, "TooManyRequests", "slow down", headers: ["Retry-After": "1"])
                : .watch([event("ADDED", configMap("a", version: 6))]) { $0.waitForClose() }
        }
        var changes = watcher(server.client()) { _ in }.makeAsyncIterator()
        _ = await changes.next()
        let start = ContinuousClock.now
        _ = await changes.next()
        #expect(ContinuousClock.now - start >= .seconds(1))
    }
}
