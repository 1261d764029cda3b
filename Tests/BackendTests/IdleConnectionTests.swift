import Foundation
import Glibc
import Testing

@testable import Backend

@Suite("Many connections", .timeLimit(.minutes(10)))
struct IdleConnectionTests {
    private static let count = 10_000

    /// The test's own side of the connections, with room for what else goes on in its process.
    private static let isPossible: Bool = {
        ProcessLimits.raiseOpenFiles()
        return ProcessLimits.openFiles() >= count + 4000
    }()

    @Test(
        "Ten thousand idle connections leave the service answering, which raises its own limit of descriptors for them",
        .enabled(if: isPossible, "the hard limit of descriptors (ulimit -Hn) is below 14,000"))
    func idle() async throws {
        // As most systems start a program.
        let limited = ["/bin/bash", "-c", #"ulimit -Sn 1024; exec "$0" "$@""#]
        let backend = try BackendProcess(
            ["serve", "--dev", "--log-format", "json"], ["PORT": "0", "HOST": "127.0.0.1"], through: limited)
        let port = try await backend.port()
        var connections: [RawConnection] = []
        for _ in 0..<Self.count { connections.append(try RawConnection(port: port)) }
        // The first and the last are served like any other.
        for connection in [connections[0], connections[Self.count - 1]] {
            try await connection.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await connection.receive { $0.contains("\"ok\"") }.hasPrefix("HTTP/1.1 200 "))
        }
        #expect(try await RawConnection.get("/health", port: port).hasPrefix("HTTP/1.1 200 "))
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(backend.identifier)/fd").count
        #expect(descriptors > Self.count)
        connections.removeAll()
        backend.signal(SIGTERM)
        #expect(try await backend.status() == 0)
    }
}
