import Hummingbird
import Logging
import NIOCore
import Observability
import ServiceLifecycle
import Synchronization
import Testing

@testable import Backend

@Suite("A live server", .timeLimit(.minutes(10)))
struct LiveServerTests {
    /// Runs the service on a free port; ends it after `test`, which may have ended it itself.
    private func withServer(
        _ fixture: BackendFixture, finishDeadline: Duration = .seconds(30), pace: RequestPaceHandler.Limits = .init(),
        _ test: @Sendable (Int, ServiceGroup) async throws -> Void
    ) async throws {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        var server = fixture.server
        server.pace = pace
        server.onReady = { address in announce.yield(address?.port ?? 0) }
        let group = server.makeServiceGroup(addRoutes: RouteTests.addUpload, finishDeadline: finishDeadline)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { announce.finish() }
                try await group.run()
            }
            do {
                let port = try #require(await ports.first { _ in true })
                try await test(port, group)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("A request in flight finishes after the service was told to end, and nothing new is accepted")
    func inFlight() async throws {
        let fixture = try BackendFixture()
        try await withServer(fixture) { port, group in
            let idle = try RawConnection(port: port)
            try await idle.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await idle.receive { $0.contains("\"ok\"") }

            let upload = try RawConnection(port: port)
            try await upload.send(
                "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            let inFlight = fixture.registry.gauge("http_requests_in_flight")
            #expect(await eventually { inFlight.value == 1 })

            await group.triggerGracefulShutdown()
            #expect(await eventually { (try? RawConnection(port: port)) == nil })
            #expect(fixture.server.lifecycle.state == .draining)
            // The connection without a request is closed; the one with a request goes on.
            #expect(try await idle.receive() == "")
            try await upload.send("6\r\n world\r\n0\r\n\r\n")
            let answer = try await upload.receive()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n11"))
        }
    }

    @Test("While the drain delay lasts the service answers and says that it is not ready")
    func drainDelay() async throws {
        let fixture = try BackendFixture(["DRAIN_DELAY": "8"])
        try await withServer(fixture) { port, group in
            try #require(await RawConnection.isReady(port: port))
            await group.triggerGracefulShutdown()
            #expect(await eventually { fixture.server.lifecycle.state == .draining })
            #expect(try await RawConnection.get("/health/ready", port: port).hasPrefix("HTTP/1.1 503 "))
            #expect(try await RawConnection.get("/health", port: port).hasPrefix("HTTP/1.1 200 "))
            #expect(await eventually { (try? RawConnection(port: port)) == nil })
        }
    }

    @Test("A request that never finishes does not hold the end up beyond the deadline")
    func deadline() async throws {
        let fixture = try BackendFixture()
        let start = ContinuousClock.now
        do {
            try await withServer(fixture, finishDeadline: .milliseconds(300)) { port, group in
                let upload = try RawConnection(port: port)
                try await upload.send("POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                let inFlight = fixture.registry.gauge("http_requests_in_flight")
                #expect(await eventually { inFlight.value == 1 })
                await group.triggerGracefulShutdown()
                _ = try? await upload.receive()
            }
        } catch is CancellationError {
            // How the group says that it had to cancel.
        }
        // Without the deadline it would never end; how long a busy machine takes besides is not the point.
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test(
        "What is not HTTP gets the error shape and the connection's end",
        arguments: [
            ("NONSENSE", 0, "400", "malformed_request"),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: ten", 0, "400", "malformed_request"),
            ("GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", 100_000, "431", "headers_too_large"),
        ])
    func malformed(head: String, padding: Int, status: String, code: String) async throws {
        try await withServer(try BackendFixture()) { port, _ in
            let request = head + String(repeating: "x", count: padding) + "\r\n\r\n"
            let answer = try await RawConnection.exchange(request, port: port)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(answer.contains("\"code\":\"\(code)\""))
            #expect(answer.lowercased().contains("connection: close"))
            let metrics = try await RawConnection.get("/metrics", port: port)
            #expect(
                metrics.contains("http_requests_total{method=\"unknown\",route=\"unmatched\",status=\"\(status)\"} 1"))
        }
    }

    @Test("A chunked body is refused once it passes the limit")
    func chunkedBody() async throws {
        try await withServer(try BackendFixture()) { port, _ in
            let connection = try RawConnection(port: port)
            try await connection.send("POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "100000\r\n\(String(repeating: "x", count: 1 << 20))\r\n"
            for _ in 0..<11 { try await connection.send(chunk) }
            let answer = try await connection.receive { $0.contains("\r\n\r\n{") }
            #expect(answer.hasPrefix("HTTP/1.1 413 "))
            #expect(answer.contains("body_too_large"))
        }
    }

    @Test("A client that sends on and on after the refusal is cut off")
    func endlessBody() async throws {
        try await withServer(try BackendFixture()) { port, _ in
            let connection = try RawConnection(port: port)
            try await connection.send("POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "100000\r\n\(String(repeating: "x", count: 1 << 20))\r\n"
            await #expect(throws: RawConnection.Failure.self) {
                for _ in 0..<64 { try await connection.send(chunk) }
            }
            #expect(try await RawConnection.get("/health", port: port).hasPrefix("HTTP/1.1 200 "))
        }
    }

    private static let hasty = RequestPaceHandler.Limits(window: .seconds(2), bodyBytes: 1000)

    @Test("A head that does not get complete is 408 and the connection's end, however it drips")
    func slowHead() async throws {
        try await withServer(try BackendFixture(), pace: Self.hasty) { port, _ in
            let connection = try RawConnection(port: port)
            try await connection.send("GET /health HTTP/1.1\r\nHost: x\r\n")
            let drip = Task {
                while !Task.isCancelled {
                    try await connection.send("X: y\r\n")
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            // A drip that meets the closed connection may reset it before the answer is read.
            let answer = try? await connection.receive()
            drip.cancel()
            if let answer, !answer.isEmpty {
                #expect(answer.hasPrefix("HTTP/1.1 408 "))
                #expect(answer.contains("\"code\":\"request_timeout\""))
            }
            let metrics = try await RawConnection.get("/metrics", port: port)
            #expect(metrics.contains("http_requests_total{method=\"unknown\",route=\"unmatched\",status=\"408\"} 1"))
        }
    }

    @Test("A body that drips ends the connection; one that keeps the pace is taken, and an idle connection stays")
    func slowBody() async throws {
        try await withServer(try BackendFixture(), pace: Self.hasty) { port, _ in
            let idle = try RawConnection(port: port)
            try await idle.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await idle.receive { $0.contains("\"ok\"") }

            let slow = try RawConnection(port: port)
            try await slow.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhello")
            #expect((try? await slow.receive())?.contains(" 200 ") != true)

            let steady = try RawConnection(port: port)
            try await steady.send(
                "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n")
            for _ in 0..<10 {
                try await steady.send(String(repeating: "x", count: 20_000))
                try await Task.sleep(for: .milliseconds(60))
            }
            #expect(try await steady.receive().hasSuffix("\r\n\r\n200000"))

            try await idle.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await idle.receive { $0.contains("\"ok\"") }.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test(
        "A request that is ambiguous about its host is 400",
        arguments: [
            "GET /health HTTP/1.1\r\nHost: a\r\nHost: b", "GET /health HTTP/1.1\r\nHost: user@a",
            "GET http://b/health HTTP/1.1\r\nHost: a", "GET /health HTTP/1.1\r\nHost: a/b",
            "GET http://user@a/health HTTP/1.1\r\nHost: a", "GET /health HTTP/1.1\r\nHost: a:b",
        ])
    func ambiguousHost(head: String) async throws {
        try await withServer(try BackendFixture()) { port, _ in
            let answer = try await RawConnection.exchange("\(head)\r\nConnection: close\r\n\r\n", port: port)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        }
    }

    @Test("An absolute target of the same host is taken")
    func absoluteTarget() async throws {
        try await withServer(try BackendFixture()) { port, _ in
            let answer = try await RawConnection.exchange(
                "GET http://a:80/health HTTP/1.1\r\nHost: A:80\r\nConnection: close\r\n\r\n", port: port)
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
        }
    }
}
