import Subprocess
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One run of a credential plug-in as a process.
enum ExecPluginProcess {
    /// What a plug-in may print: certificates with their chain are a few kilobytes.
    private static let maximumOutput = 1 << 20
    /// How much of its standard error goes into a message.
    private static let maximumMessage = 1024

    /// Runs it; cancelling the task ends it.
    static func run(_ plugin: ExecPlugin) async -> Result<ExecCredential, KubernetesError> {
        let hasTerminal = isatty(STDIN_FILENO) == 1
        if plugin.interactiveMode == .always, !hasTerminal {
            return .failure(
                error(plugin, "needs a terminal to ask on (interactiveMode Always), and the standard input is none"))
        }
        let isInteractive = plugin.interactiveMode != .never && hasTerminal
        var environment: [Environment.Key: String?] = [:]
        do throws(FileContents.Failure) {
            for (name, value) in plugin.environment { environment[Environment.Key(stringLiteral: name)] = value }
            environment["KUBERNETES_EXEC_INFO"] = try plugin.info(isInteractive: isInteractive).jsonText
        } catch {
            return .failure(self.error(plugin, "cannot be told of the cluster: \(error)"))
        }
        var options = PlatformOptions()
        // What it starts ends with it; a person who talks to it needs it in the terminal's own session.
        options.createSession = !isInteractive
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: !isInteractive, allowedDurationToNextStep: .seconds(1)),
            .send(signal: .kill, toProcessGroup: !isInteractive, allowedDurationToNextStep: .seconds(1)),
        ]
        let configuration = Configuration(
            executable: plugin.command.contains("/") ? .path(FilePath(plugin.command)) : .name(plugin.command),
            arguments: Arguments(plugin.arguments), environment: Environment.inherit.updating(environment),
            platformOptions: options)
        do {
            return isInteractive ? try await converse(plugin, configuration) : try await run(plugin, configuration)
        } catch let failure as SubprocessError where failure.code == .executableNotFound {
            let hint = plugin.installHint.map { "; \($0)" } ?? ""
            return .failure(error(plugin, "is not there\(hint)"))
        } catch is CancellationError {
            return .failure(error(plugin, "was cancelled"))
        } catch {
            return .failure(self.error(plugin, "cannot be run: \(error)"))
        }
    }

    /// A run that talks to nobody: what it says on standard error goes into messages.
    private static func run(
        _ plugin: ExecPlugin, _ configuration: Configuration
    ) async throws -> Result<ExecCredential, KubernetesError> {
        let outcome = try await Subprocess.run(configuration, input: .none, output: .sequence, error: .sequence) {
            execution in
            async let message = collected(execution.standardError, limit: maximumMessage)
            let output = try await collected(execution.standardOutput, limit: maximumOutput)
            return (output: output, message: try await message)
        }
        let (output, message) = outcome.closureResult
        return credential(plugin, outcome.terminationStatus, output, message.bytes)
    }

    /// A run that talks to a person: what it asks on standard error must be seen before it is answered.
    private static func converse(
        _ plugin: ExecPlugin, _ configuration: Configuration
    ) async throws -> Result<ExecCredential, KubernetesError> {
        let outcome = try await Subprocess.run(
            configuration, input: .currentStandardInput, output: .sequence, error: .currentStandardError
        ) { execution in
            try await collected(execution.standardOutput, limit: maximumOutput)
        }
        return credential(plugin, outcome.terminationStatus, outcome.closureResult, [])
    }

    private static func credential(
        _ plugin: ExecPlugin, _ status: TerminationStatus, _ output: (bytes: [UInt8], isCut: Bool), _ message: [UInt8]
    ) -> Result<ExecCredential, KubernetesError> {
        switch status {
        case .exited(0): break
        case .exited(let code): return .failure(error(plugin, "failed with exit status \(code)", message))
        case .signaled(let signal): return .failure(error(plugin, "was ended by signal \(signal)", message))
        }
        guard !output.isCut else {
            return .failure(error(plugin, "printed more than \(maximumOutput) bytes", message))
        }
        return ExecCredential.parse(output.bytes, version: plugin.version).mapError { reason in
            error(plugin, "cannot be used: \(reason.text)", message)
        }
    }

    /// The beginning of a stream, which is read to its end: a plug-in that prints more must not wait for a reader.
    private static func collected(
        _ stream: SubprocessOutputSequence, limit: Int
    ) async throws -> (bytes: [UInt8], isCut: Bool) {
        var bytes: [UInt8] = []
        var isCut = false
        for try await buffer in stream {
            let room = limit - bytes.count
            buffer.withUnsafeBytes { bytes.append(contentsOf: $0.prefix(room)) }
            isCut = isCut || buffer.count > room
        }
        return (bytes, isCut)
    }

    private static func error(_ plugin: ExecPlugin, _ what: String, _ message: [UInt8] = []) -> KubernetesError {
        let words = String(decoding: message, as: UTF8.self)
            .split { $0.isWhitespace || $0.unicodeScalars.contains { $0.properties.generalCategory == .control } }
            .joined(separator: " ")
        let said = words.isEmpty ? "" : "; it said: \(words)"
        return KubernetesError(.credentials, "the credential plug-in \"\(plugin.command)\" \(what)\(said)")
    }
}
