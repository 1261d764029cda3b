import FoundationEssentials
import Subprocess
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A program of this package, or of the machine, run as its user would run it.
struct Program: Sendable {
    let executable: Executable

    /// A program of this package: they are built beside the test bundle.
    static func ours(_ name: String) -> Program {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let folder = FilePath(bundle).removingLastComponent()
        return Program(executable: .path(folder.appending(name)))
    }

    /// A program found in PATH.
    static func system(_ name: String) -> Program {
        Program(executable: .name(name))
    }

    struct Result: Sendable {
        /// The exit status; 128 and the signal's number when a signal ended it, as shells say.
        let status: Int32
        let output: String
        let error: String
    }

    /// Runs to the end.
    func run(
        _ arguments: [String], input: String = "", environment: Environment = .inherit, in directory: String? = nil
    ) async throws -> Result {
        // A program may end before it has read its input.
        signal(SIGPIPE, SIG_IGN)
        let outcome = try await Subprocess.run(
            executable, arguments: Arguments(arguments), environment: environment,
            workingDirectory: directory.map { FilePath($0) }, input: .inputWriter,
            output: .string(limit: 16 << 20), error: .string(limit: 16 << 20)
        ) { execution in
            do {
                _ = try await execution.standardInputWriter.write(input)
            } catch {
                // It reads no more, which its status and its messages tell of.
            }
            try await execution.standardInputWriter.finish()
        }
        return Result(
            status: Self.status(outcome.terminationStatus), output: outcome.standardOutput,
            error: outcome.standardError)
    }

    private static func status(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }

    /// Runs beside `body`, which is given the process's id, and is asked to end (SIGTERM, SIGKILL 20 s later) after it.
    /// - Parameter log: The file that standard output and standard error go to.
    /// - Returns: The exit status, as `Result.status`.
    @discardableResult
    func running(
        _ arguments: [String], environment: Environment = .inherit, log: String,
        _ body: @Sendable (ProcessIdentifier) async throws -> Void
    ) async throws -> Int32 {
        let file = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        defer { try? file.close() }  // nothing is written through this copy
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(20))]
        let outcome = try await Subprocess.run(
            executable, arguments: Arguments(arguments), environment: environment, platformOptions: options,
            input: .none, output: .fileDescriptor(file, closeAfterSpawningProcess: false),
            error: .fileDescriptor(file, closeAfterSpawningProcess: false)
        ) { execution in
            do {
                try await body(execution.processIdentifier)
                await execution.teardown(using: options.teardownSequence)
            } catch {
                await execution.teardown(using: options.teardownSequence)
                throw error
            }
        }
        return Self.status(outcome.terminationStatus)
    }
}
