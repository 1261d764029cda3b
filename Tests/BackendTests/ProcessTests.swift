import Foundation
import Testing

@testable import Backend

/// The built program, run as a process of its own.
final class BackendProcess {
    private let process = Process()
    private let folder: URL

    /// - Parameters:
    ///   - variables: Its whole environment besides `PATH`.
    ///   - wrapper: A program with its arguments that starts the backend, whose command it is given behind them.
    init(_ arguments: [String], _ variables: [String: String] = [:], through wrapper: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("backend-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Beside the test program, where the package manager builds it.
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("chatgpt-backend")
        let command = wrapper + [program.path] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = variables.merging(["PATH": "/usr/bin:/bin"]) { given, _ in given }
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try file("stdout")
        process.standardError = try file("stderr")
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    var identifier: Int32 { process.processIdentifier }
    var output: String { read("stdout") }
    var complaints: String { read("stderr") }

    /// The port that the process says it listens on.
    func port() async throws -> Int {
        let isReady = await eventually { complaints.contains("\"message\":\"ready\"") || !process.isRunning }
        let match = complaints.firstMatch(of: /"message":"ready".*"port":(\d+)/)
        return try #require(match.flatMap { Int($0.1) }, "\(isReady): \(complaints)")
    }

    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    /// The status that the process ends with.
    func status() async throws -> Int32 {
        try #require(await eventually { !process.isRunning }, "still running: \(complaints)")
        return process.terminationStatus
    }

    private func file(_ name: String) throws -> FileHandle {
        let url = folder.appendingPathComponent(name)
        _ = FileManager.default.createFile(atPath: url.path, contents: nil)
        return try FileHandle(forWritingTo: url)
    }

    private func read(_ name: String) -> String {
        (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
    }
}

@Suite("The program", .timeLimit(.minutes(10)))
struct ProcessTests {
    private static let production = [
        "ENVIRONMENT": "production", "SECRET_KEY": SettingsTests.goodKey, "PORT": "0", "HOST": "127.0.0.1",
        "OPENAI_API_KEY": "hunter2",
    ]

    @Test("SIGTERM: not ready at once, serving on for the drain delay, then the end with status 0")
    func drains() async throws {
        let backend = try BackendProcess(["serve", "--drain-delay", "6"], Self.production)
        let port = try await backend.port()
        #expect(await RawConnection.isReady(port: port))
        backend.signal(SIGTERM)
        #expect(
            await eventually {
                (try? await RawConnection.get("/health/ready", port: port).hasPrefix("HTTP/1.1 503 ")) == true
            })
        #expect(try await RawConnection.get("/health", port: port).hasPrefix("HTTP/1.1 200 "))
        #expect(try await backend.status() == 0)
        #expect(!backend.complaints.contains("hunter2"))
        #expect(!backend.complaints.contains(SettingsTests.goodKey))
        #expect(backend.complaints.split(separator: "\n").allSatisfy { $0.hasPrefix("{\"timestamp\":") })
    }

    @Test("A second SIGTERM ends the process at once")
    func secondSignal() async throws {
        let backend = try BackendProcess(["serve", "--drain-delay", "300"], Self.production)
        let port = try await backend.port()
        backend.signal(SIGTERM)
        #expect(
            await eventually {
                (try? await RawConnection.get("/health/ready", port: port).contains("draining")) == true
            })
        backend.signal(SIGTERM)
        #expect(try await backend.status() == 128 + SIGTERM)
    }

    @Test("Wrong variables: a line each and status 78, without secrets")
    func wrongConfiguration() async throws {
        let backend = try BackendProcess(
            ["serve"],
            ["ENVIRONMENT": "production", "SECRET_KEY": "changeme-hunter2", "PORT": "x", "REDIS_URL": "hunter2"])
        #expect(try await backend.status() == 78)
        let lines = backend.complaints.split(separator: "\n")
        #expect(lines.count == 3)
        for (line, name) in zip(lines, ["SECRET_KEY", "PORT", "REDIS_URL"]) {
            #expect(line.hasPrefix("chatgpt-backend: \(name) must "))
        }
        #expect(!backend.complaints.contains("hunter2"))
    }

    @Test(
        "Wrong use of the command line: status 64",
        arguments: [
            ["serve", "--port", "x"], ["serve", "--nonsense"], ["dance"], ["healthcheck", "--url", "https://x"],
            ["backup", "--keep-days", "0"],
        ])
    func wrongUse(arguments: [String]) async throws {
        #expect(try await BackendProcess(arguments).status() == 64)
    }

    @Test("A port in use: one line and status 69")
    func portInUse() async throws {
        let first = try BackendProcess(["serve"], Self.production)
        let port = try await first.port()
        let second = try BackendProcess(["serve", "--port", "\(port)", "--log-level", "warning"], Self.production)
        #expect(try await second.status() == 69)
        #expect(second.complaints == "chatgpt-backend: cannot listen on 127.0.0.1:\(port): Address already in use\n")
        #expect(try await RawConnection.get("/health", port: port).hasPrefix("HTTP/1.1 200 "))
    }

    @Test("migrate, backup and restore of a SQLite file, by the program itself")
    func maintenance() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("maintenance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let variables = ["DATABASE_URL": "sqlite:///\(folder.path)/app.db"]
        let arguments = ["backup", "--directory", folder.path, "--keep-days", "7"]

        let missing = try BackendProcess(arguments, variables)
        #expect(try await missing.status() == 69)
        #expect(missing.complaints.contains("there is no database"))

        let first = try BackendProcess(["migrate"], variables)
        #expect(try await first.status() == 0)
        #expect(first.output.hasPrefix("migrated to version 1: "))
        let second = try BackendProcess(["migrate", "--wait", "5s"], variables)
        #expect(try await second.status() == 0)
        #expect(second.output == "already at version \(Migration.latest)\n")

        let backup = try BackendProcess(arguments, variables)
        #expect(try await backup.status() == 0, "\(backup.complaints)")
        let name = try #require(backup.output.wholeMatch(of: /Backup completed: (db_backup_\d{8}_\d{6}\.sql\.gz)\n/)).1
        let file = folder.appendingPathComponent(String(name)).path
        let restore = try BackendProcess(["restore", "--file", file], variables)
        #expect(try await restore.status() == 0, "\(restore.complaints)")
        #expect(restore.output == "Restored \(file)\n")
    }

    @Test("config prints what is in force and from where, without secrets")
    func config() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).env")
        defer { try? FileManager.default.removeItem(at: file) }
        try "LOG_LEVEL=debug\nPORT=1\nOPENAI_API_KEY='hunter2'\n".write(to: file, atomically: true, encoding: .utf8)
        let process = try BackendProcess(
            ["config", "--env-file", file.path, "--host", "::1"], ["PORT": "9000", "SECRET_KEY": SettingsTests.goodKey])
        #expect(try await process.status() == 0, "\(process.complaints)")
        let lines = process.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.contains("PORT 9000 environment"))
        #expect(lines.contains("HOST ::1 --host"))
        #expect(lines.contains("LOG_LEVEL debug \(file.path):1"))
        #expect(lines.contains("OPENAI_API_KEY *** \(file.path):3"))
        #expect(lines.contains("LOG_FORMAT json default"))
        #expect(!process.output.contains("hunter2") && !process.output.contains(SettingsTests.goodKey))
    }

    @Test("version names this program's and libpq's")
    func version() async throws {
        let backend = try BackendProcess(["version"])
        #expect(try await backend.status() == 0)
        #expect(backend.output.wholeMatch(of: /chatgpt-backend 0\.1\.0\nlibpq \d+\.\d+\n/) != nil)
        #expect(VersionCommand.libpq(150_018) == "15.18")
        #expect(VersionCommand.libpq(90_624) == "9.6.24")
    }

    @Test("healthcheck tells a healthy service from one that answers otherwise and from none")
    func healthcheck() async throws {
        let backend = try BackendProcess(["serve", "--dev", "--log-format", "json"], ["PORT": "0"])
        let port = try await backend.port()
        let healthy = try BackendProcess(["healthcheck"], ["PORT": "\(port)"])
        #expect(try await healthy.status() == 0)
        #expect(healthy.output == "Service is healthy\n")

        let unhealthy = try BackendProcess(["healthcheck", "--url", "http://127.0.0.1:\(port)/nothing"])
        #expect(try await unhealthy.status() == 1)
        #expect(unhealthy.output == "Service is unhealthy (HTTP 404)\n")

        backend.signal(SIGTERM)
        #expect(try await backend.status() == 0)
        let dead = try BackendProcess(["healthcheck", "--url", "http://127.0.0.1:\(port)/health"])
        #expect(try await dead.status() == 1)
        #expect(dead.output == "Service is unhealthy (Connection refused)\n")
    }
}
