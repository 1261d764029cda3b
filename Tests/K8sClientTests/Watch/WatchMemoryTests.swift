import Foundation
import Testing

/// Measured in a process of its own, since the server's memory is not the watcher's. One after another, since each keeps the
/// machine busy.
@Suite("The memory of a watch, whatever the server sends", .serialized)
struct WatchMemoryTests {
    /// A server that lists nothing, and whose watches begin with one small change, after which memory is measured.
    private func server(then: @escaping @Sendable (FaultServer.Connection) -> Void) throws -> FaultServer {
        try FaultServer { request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            return .watch([event("ADDED", configMap("first", version: 6))]) { connection in
                then(connection)
                connection.waitForClose()
            }
        }
    }

    private func growth(_ server: FaultServer, _ arguments: [String]) async throws -> (bytes: Int, output: String) {
        let output = try await Probe.run(["watch", "--server", server.url] + arguments)
        let line = try #require(output.split(separator: "\n").last { $0.hasPrefix("growth: ") }, "\(output)")
        return (try #require(Int(line.dropFirst("growth: ".count))), output)
    }

    /// A line is held as it grows, whole, and once more as what is read from it.
    private static let fewLines = 80 << 20

    @Test("Lines of eight megabytes are held one at a time", arguments: ["dynamic", "typed"])
    func longLines(form: String) async throws {
        let server = try server { connection in
            let text = String(repeating: "x", count: 8 << 20)
            for version in 7..<17 {
                let line = event("MODIFIED", configMap("first", version: version, data: ["text": text]))
                guard connection.chunk(line + "\n") else { return }
            }
        }
        let (bytes, output) = try await growth(server, ["--form", form, "--changes", "11"])
        #expect(bytes < Self.fewLines, "\(output)")
    }

    @Test("A stream without newlines ends with an error before it fills the memory")
    func noNewlines() async throws {
        let server = try server { connection in
            let piece = Array(repeating: UInt8(ascii: "x"), count: 1 << 20)
            for _ in 0..<512 { guard connection.chunk(piece) else { return } }
        }
        let (bytes, output) = try await growth(server, ["--failures", "1"])
        #expect(output.contains("a line of the watch is longer than"), "\(output)")
        #expect(bytes < Self.fewLines, "\(output)")
    }

    @Test("A flood waits for a slow consumer", arguments: ["dynamic", "typed"])
    func flood(form: String) async throws {
        let count = 10_000
        let server = try server { connection in
            let text = String(repeating: "x", count: 2_000)
            for version in 7..<(7 + count) {
                let line = event("MODIFIED", configMap("first", version: version, data: ["text": text]))
                guard connection.chunk(line + "\n") else { return }
            }
        }
        // Within the pause all twenty megabytes would come, were they taken.
        let (bytes, output) = try await growth(
            server, ["--form", form, "--changes", "\(count + 1)", "--pause", "2000"])
        #expect(bytes < 8 << 20, "\(output)")
    }
}
