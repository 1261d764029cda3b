import K8sClient
import Synchronization
import Testing

@Suite("Bodies that come bit by bit")
struct StreamTests {
    private let request = KubernetesRequest(.get, "/api/v1/namespaces/default/pods/p/log?follow=true")

    @Test("Chunks arrive while the answer goes on")
    func chunks() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.beginStream()
                connection.chunk("one\n")
                connection.waitForClose()
            }
        }
        let client = server.client()
        var chunks = try await client.stream(request).makeAsyncIterator()
        #expect(try await chunks.next() == Array("one\n".utf8))
    }

    @Test("The whole body arrives in order, whatever its size")
    func whole() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.beginStream()
                for index in 0..<2000 { connection.chunk("line \(index) \(String(repeating: "x", count: 1000))\n") }
                connection.endStream()
            }
        }
        let client = server.client()
        var bytes: [UInt8] = []
        for try await chunk in try await client.stream(request) { bytes += chunk }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 2000)
        #expect(lines.enumerated().allSatisfy { $1.hasPrefix("line \($0) ") })
    }

    @Test("A flood is held back while the consumer is slow, and nothing of it is lost")
    func backPressure() async throws {
        let chunk = [UInt8](repeating: 0x61, count: 64 * 1024)
        let chunks = 1024  // 64 MiB in all
        let sent = Bytes()
        let server = try FaultServer { _ in
            .custom { connection in
                connection.beginStream()
                for _ in 0..<chunks {
                    guard connection.chunk(chunk) else { return }
                    sent.add(chunk.count)
                }
                connection.endStream()
            }
        }
        let client = server.client()
        var iterator = try await client.stream(request).makeAsyncIterator()
        var received = try await iterator.next()?.count ?? 0
        // The server gets rid of no more than buffers on the way hold: wait until it has come to a halt.
        var last = -1
        try await eventually("the server is made to wait") {
            let now = sent.value
            defer { last = now }
            try await Task.sleep(for: .milliseconds(100))
            return now == last
        }
        #expect(sent.value < 16 << 20, "the sockets' buffers are all that a flood may fill")
        while let next = try await iterator.next() { received += next.count }
        #expect(received == chunks * chunk.count)
    }

    @Test("A stream that breaks ends in an error after what came")
    func broken() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.beginStream()
                connection.chunk("half")
            }
        }
        let client = server.client()
        var chunks = try await client.stream(request).makeAsyncIterator()
        #expect(try await chunks.next() == Array("half".utf8))
        let error = try await failure { () async throws(KubernetesError) in try await chunks.next() }
        #expect(error.isRetryable)
    }

    @Test("An answer that is an error is thrown with the server's words")
    func refused() async throws {
        let server = try FaultServer { _ in .status(404, "NotFound", "no such pod") }
        let client = server.client()
        let error = try await failure { () async throws(KubernetesError) in try await client.stream(request) }
        #expect(error.isNotFound)
        #expect(error.message == "no such pod")
    }

    @Test("Letting go of a stream closes its connection")
    func abandoned() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.beginStream()
                connection.chunk("one")
                connection.waitForClose()
            }
        }
        let client = server.client()
        for try await _ in try await client.stream(request) { break }
        try await eventually("the connection is closed") { server.openConnections == 0 }
    }

    @Test("Cancelling the task that waits for a chunk closes the connection")
    func cancelled() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.beginStream()
                connection.waitForClose()
            }
        }
        let client = server.client()
        let stream = try await client.stream(request)
        let task = Task {
            try await failure { () async throws(KubernetesError) in
                for try await _ in stream {}
            }
        }
        task.cancel()
        #expect(try await task.value.code == .cancelled)
        try await eventually("the connection is closed") { server.openConnections == 0 }
    }

    @Test("Other requests go on while a stream is held back")
    func independence() async throws {
        let server = try FaultServer { request in
            request.target.contains("follow")
                ? .custom { connection in
                    connection.beginStream()
                    while connection.chunk([UInt8](repeating: 0x61, count: 64 * 1024)) {}
                } : .json(200, configMap("a", version: 1))
        }
        let client = server.client()
        let stream = try await client.stream(request)
        for _ in 0..<20 { _ = try await client.get(.configMaps, "a", namespace: "default") }
        _ = stream
    }

    private final class Bytes: Sendable {
        private let count = Atomic<Int>(0)
        func add(_ value: Int) { count.wrappingAdd(value, ordering: .relaxed) }
        var value: Int { count.load(ordering: .relaxed) }
    }
}
