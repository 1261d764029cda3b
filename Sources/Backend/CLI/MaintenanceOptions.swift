import ArgumentParser
import Logging
import Observability
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the maintenance commands have in common.
struct MaintenanceOptions: ParsableArguments {
    @OptionGroup var environment: EnvironmentOptions

    /// Carries out `body` with the settings and a log on standard error; SIGTERM and SIGINT cancel it, with everything that it
    /// started.
    func run(_ body: @escaping @Sendable (MaintenanceSettings, Logger) async throws -> Void) async throws {
        let variables = try environment.variables().values
        let settings = try EnvironmentOptions.complaining { () throws(ConfigurationError) in
            try MaintenanceSettings(variables: variables)
        }
        LoggingSystem.bootstrap { [level = settings.logLevel, format = settings.logFormat] label in
            format.handler(label: label, level: level)
        }
        signal(SIGPIPE, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let work = Task { try await body(settings, Logger(label: "maintenance")) }
        let listener = Task {
            var received: Int32?
            for await signal in signals where received == nil {
                received = signal.rawValue
                work.cancel()
                break
            }
            return received
        }
        let outcome = await work.result
        listener.cancel()
        // What a shell reports for a process that the signal ended.
        if let received = await listener.value {
            Terminal.complain("ended by a signal before it was done")
            throw ExitCode(128 + received)
        }
        do {
            try outcome.get()
        } catch let code as ExitCode {
            throw code
        } catch {
            let error = MaintenanceError.of(error)
            Terminal.complain(error.description)
            throw error.status
        }
    }
}
