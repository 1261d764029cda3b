import Foundation
import Synchronization
import Testing

@testable import Backend

/// A real `redis-server` on a free port of this machine, without a file to its name.
///
/// A shell holds it, which ends it when the test process ends, however that happens: the shell reads from a pipe whose other end
/// nobody else has.
final class RedisServer: Sendable {
    struct Failed: Error {
        let output: String
    }

    let port: Int
    let folder: URL
    private let arguments: [String]
    private let running: Mutex<Running?>

    private struct Running {
        let shell: Process
        /// Its end is the server's.
        let pipe: Foundation.Pipe
        let server: Int32
    }

    /// - Parameters:
    ///   - options: As on the command line, such as `["--requirepass", "x"]`.
    ///   - certificates: For a server that speaks TLS and nothing else.
    init(_ options: [String] = [], certificates: RedisCertificates? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var failure: any Error = Failed(output: "")
        for _ in 0..<10 {
            let port = try Self.freePort()
            var arguments = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]
            if let certificates {
                arguments += [
                    "--port", "0", "--tls-port", "\(port)", "--tls-auth-clients", "no",
                    "--tls-cert-file", certificates.path("server.crt"), "--tls-key-file",
                    certificates.path("server.key"),
                ]
            } else {
                arguments += ["--port", "\(port)"]
            }
            do {
                running = Mutex(try Self.start(arguments + options, in: folder))
                self.port = port
                self.arguments = arguments + options
                return
            } catch {
                // Somebody else may have taken the port in between.
                failure = error
            }
        }
        try? FileManager.default.removeItem(at: folder)
        throw failure
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    func configuration(
        scheme: String = "redis", credentials: String = "", database: Int = 0, deadline: Duration = .seconds(20)
    ) throws -> RedisConfiguration {
        var configuration = RedisConfiguration(
            url: try RedisURL(parsing: "\(scheme)://\(credentials)127.0.0.1:\(port)/\(database)"))
        // On a busy machine a reply may be late for no fault of anybody's.
        configuration.commandDeadline = deadline
        configuration.minimumBackoff = .milliseconds(20)
        configuration.maximumBackoff = .milliseconds(200)
        configuration.connectDeadline = max(.seconds(20), deadline)
        return configuration
    }

    /// Ends the server at once, as a crash would.
    func kill() {
        guard let ended = running.withLock({ $0.take() }) else { return }
        Foundation.kill(ended.server, SIGKILL)
        // The shell collects it. Foundation's own wait goes on for as long as any descendant lives.
        let end = ContinuousClock.now + .seconds(10)
        while Foundation.kill(ended.server, 0) == 0, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.002) }
    }

    /// Starts it again on the same port, empty.
    func restart() throws {
        kill()
        let started = try Self.start(arguments, in: folder)
        running.withLock { $0 = started }
    }

    /// Stops its process where it is.
    func freeze() { signal(SIGSTOP) }
    /// Lets it go on.
    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        guard let server = running.withLock({ $0?.server }) else { return }
        Foundation.kill(server, number)
    }

    private static func start(_ arguments: [String], in folder: URL) throws -> Running {
        let log = folder.appendingPathComponent("log").path
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        // Tells the server's number, and ends with it or ends it.
        shell.arguments =
            [
                "-c",
                """
                exec 3<&0
                redis-server "$@" >log 2>&1 </dev/null 3<&- &
                server=$!
                echo $server
                { read -r _ <&3; kill -KILL $server; } >/dev/null 2>&1 &
                watcher=$!
                exec 3<&-
                wait $server
                kill -KILL $watcher
                """, "redis",
            ] + arguments
        shell.currentDirectoryURL = folder
        let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
        shell.standardInput = input
        shell.standardOutput = output
        shell.standardError = FileHandle.nullDevice
        try shell.run()
        try? input.fileHandleForReading.close()
        let end = ContinuousClock.now + .seconds(60)
        var said = pollfd(fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&said, 1, 60_000) == 1,
            let number = Int32(
                String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
                    .trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw Failed(output: "no process") }
        while ContinuousClock.now < end {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            if text.contains("Ready to accept connections") {
                return Running(shell: shell, pipe: input, server: number)
            }
            if !shell.isRunning { throw Failed(output: text) }
            Thread.sleep(forTimeInterval: 0.01)
        }
        Foundation.kill(number, SIGKILL)
        throw Failed(output: "not ready in time")
    }

    /// A port that nobody listens on, outside of the range from which the system gives ports by itself: nobody takes it while
    /// the server is away.
    private static func freePort() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 15_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr = in_addr(s_addr: inet_addr("127.0.0.1"))
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if status == 0 { return port }
        }
        throw Failed(output: "no free port")
    }
}

/// An authority and a certificate for 127.0.0.1, made with the `openssl` command.
struct RedisCertificates {
    let folder: URL

    init(in folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try run(
            ["req", "-x509"] + key + ["-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.crt"])
        try run(["req"] + key + ["-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr"])
        try "subjectAltName=IP:127.0.0.1\n".write(
            to: folder.appendingPathComponent("server.ext"), atomically: true, encoding: .utf8)
        try run([
            "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "server.ext", "-out", "server.crt",
        ])
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func run(_ arguments: [String]) throws {
        try ShortProgram.run(["/usr/bin/openssl"] + arguments, in: folder)
    }
}
