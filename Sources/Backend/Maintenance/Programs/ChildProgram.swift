import Logging
import Subprocess
import SystemPackage

/// A program of the system that does a part of the work. It ends when the task that runs it is cancelled.
struct ChildProgram: Sendable {
    let name: String
    let arguments: [String]
    /// Its whole environment.
    let environment: [String: String]
    /// What must not be repeated from what it prints.
    var secrets: [String] = []

    /// How much of its standard error is kept for a message.
    private static let maximumMessage = 4096

    /// Runs it to its end.
    /// - Parameters:
    ///   - input: Its standard input, closed here once it is started; nil for none.
    ///   - output: Its standard output, closed here once it is started; nil for none.
    /// - Throws: ``MaintenanceError`` when it cannot be started or ends in any other way than with 0.
    func run(input: FileDescriptor?, output: FileDescriptor?, logger: Logger) async throws {
        switch (input, output) {
        case (let input?, let output?):
            try await run(
                .fileDescriptor(input, closeAfterSpawningProcess: true),
                .fileDescriptor(output, closeAfterSpawningProcess: true), logger)
        case (let input?, nil):
            try await run(.fileDescriptor(input, closeAfterSpawningProcess: true), .discarded, logger)
        case (nil, let output?):
            try await run(.none, .fileDescriptor(output, closeAfterSpawningProcess: true), logger)
        case (nil, nil): try await run(.none, .discarded, logger)
        }
    }

    /// Runs it to its end and gives what it printed, up to a megabyte.
    func output(input: String = "", logger: Logger) async throws -> String {
        let outcome = try await mappingErrors {
            // Not `.string(input)`: a program that ends before it has read all of it would end this process too.
            try await Subprocess.run(
                configuration, input: .inputWriter, output: .string(limit: 1 << 20),
                error: .string(limit: Self.maximumMessage * 16)
            ) { execution in
                do {
                    _ = try await execution.standardInputWriter.write(input)
                } catch {
                    // It reads no more: why, its status and its messages tell.
                }
                try await execution.standardInputWriter.finish()
            }
        }
        let said = outcome.standardError
        try check(outcome.terminationStatus, lines(of: said), logger)
        return outcome.standardOutput
    }

    private func run(
        _ input: some InputProtocol, _ output: some OutputProtocol, _ logger: Logger
    ) async throws {
        let outcome = try await mappingErrors {
            try await Subprocess.run(configuration, input: input, output: output, error: .sequence) { execution in
                var said: [UInt8] = []
                // Read to its end, whatever is kept: it must not wait for a reader.
                for try await buffer in execution.standardError {
                    buffer.withUnsafeBytes { said.append(contentsOf: $0.prefix(Self.maximumMessage - said.count)) }
                }
                return said
            }
        }
        try check(outcome.terminationStatus, lines(of: String(decoding: outcome.closureResult, as: UTF8.self)), logger)
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        var values: [Environment.Key: String] = [:]
        for (name, value) in environment { values[Environment.Key(stringLiteral: name)] = value }
        return Configuration(
            executable: .name(name), arguments: Arguments(arguments), environment: .custom(values),
            platformOptions: options)
    }

    private func mappingErrors<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as SubprocessError {
            if Task.isCancelled { throw CancellationError() }
            guard error.code == .executableNotFound else {
                throw MaintenanceError.unavailable("cannot run \(name): \(error)")
            }
            throw MaintenanceError.unavailable("\(name) is not installed")
        }
    }

    private func check(_ status: TerminationStatus, _ lines: [String], _ logger: Logger) throws {
        for line in lines { logger.warning("\(name)", metadata: ["line": "\(line)"]) }
        guard !Task.isCancelled else { throw CancellationError() }
        let reason = lines.last(where: { $0.contains("ERROR") || $0.contains("error") }) ?? lines.last
        switch status {
        case .exited(0): return
        case .exited(let code):
            throw MaintenanceError.unavailable("\(name) ended with status \(code)\(reason.map { ": \($0)" } ?? "")")
        case .signaled(let signal):
            throw MaintenanceError.unavailable("\(name) was ended by signal \(signal)")
        }
    }

    private func lines(of text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map { line in
            secrets.reduce(String(line)) { line, secret in
                secret.isEmpty
                    ? line : line.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
            }
        }.filter { !$0.allSatisfy(\.isWhitespace) }
    }
}

extension ChildProgram {
    /// What children get of this process's environment: enough to run, and libpq's variables; nothing of the service's secrets.
    static func inherited(_ variables: [String: String]) -> [String: String] {
        let names: Set<String> = ["PATH", "HOME", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"]
        // Their messages are looked through for words.
        var kept = variables.filter { names.contains($0.key) || $0.key.hasPrefix("PG") }
        kept["LC_ALL"] = "C.UTF-8"
        return kept
    }
}
