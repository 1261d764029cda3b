import ArgumentParser
import Logging
import SystemPackage

/// gzip(1), which every Debian has: the guide's format.
struct Gzip: Sendable {
    let environment: [String: String]
    let logger: Logger

    /// Compresses what `produce` writes to its descriptor into `file`. `produce` runs on a thread of its own and may block.
    /// - Returns: What `produce` did, once all of it is in the file.
    func compress<Value: Sendable>(
        to file: FileDescriptor, _ produce: @escaping @Sendable (FileDescriptor) async throws -> Value
    ) async throws -> Value {
        let pipe = try Pipe()
        let output: FileDescriptor
        do {
            output = try file.duplicate()
        } catch {
            try? pipe.readEnd.close()
            try? pipe.writeEnd.close()
            throw error
        }
        // Without a name and time, so that equal contents give equal files.
        let program = ChildProgram(name: "gzip", arguments: ["--no-name", "-6"], environment: environment)
        return try await Self.together(
            {
                do {
                    try await program.run(input: pipe.readEnd, output: output, logger: logger)
                } catch let error as MaintenanceError {
                    throw MaintenanceError(description: "cannot write: \(error)", status: .inputOutput)
                }
            },
            {
                defer { try? pipe.writeEnd.close() }  // Its reader is told by the end itself.
                return try await produce(pipe.writeEnd)
            })
    }

    /// Decompresses `file` from its beginning; `consume` gets a descriptor to read from and runs beside.
    func decompress<Value: Sendable>(
        _ file: FileDescriptor, _ consume: @escaping @Sendable (FileDescriptor) async throws -> Value
    ) async throws -> Value {
        try file.seek(offset: 0, from: .start)
        let input = try file.duplicate()
        let pipe = try Pipe()
        let program = ChildProgram(name: "gzip", arguments: ["-dc"], environment: environment)
        return try await Self.together(
            { try await program.run(input: input, output: pipe.writeEnd, logger: logger) },
            {
                defer { try? pipe.readEnd.close() }  // Nothing is written to it here.
                return try await consume(pipe.readEnd)
            })
    }

    /// Runs both to their ends. The program's failure explains the work's, unless it is only that nobody reads what it writes.
    static func together<Value: Sendable>(
        _ program: @escaping @Sendable () async throws -> Void, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        async let running = Self.result(program)
        let value: Result<Value, any Error> = await Self.result(work)
        let outcome = await running
        if case .failure(let error) = outcome, !Self.isBrokenPipe(error) { throw error }
        let done = try value.get()
        try outcome.get()
        return done
    }

    private static func isBrokenPipe(_ error: any Error) -> Bool {
        // Signal 13 is SIGPIPE.
        let text = "\(error)"
        return text.contains("Broken pipe") || text.hasSuffix("signal 13")
    }

    private static func result<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async -> Result<Value, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
