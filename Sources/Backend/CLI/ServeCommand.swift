import ArgumentParser
import FoundationEssentials
import Logging
import Metrics
import NIOCore
import Observability
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// `chatgpt-backend serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the service until it is told to end.",
        discussion: """
            Settings come from flags, then from variables (ENVIRONMENT, SECRET_KEY, DATABASE_URL, …), then from an .env file, \
            then from defaults; `config` prints them. \
            SIGTERM lets requests in flight finish; a second one ends the process at once.
            """)

    @OptionGroup var environment: EnvironmentOptions
    @OptionGroup var options: ServeOptions

    func run() async throws {
        EventLoopExecutor.install()
        let settings = try settings()
        LoggingSystem.bootstrap { [level = settings.logLevel, format = settings.logFormat] label in
            format.handler(label: label, level: level)
        }
        // A client or log reader that goes away is an error of one write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        ProcessLimits.raiseOpenFiles()
        let logger = Logger(label: "backend")
        announce(settings, logger)

        let registry = PrometheusRegistry()
        registry.registerProcessMetrics()
        registry.gauge("backend_build_info", help: "The program's version.", labels: [("version", Version.number)])
            .set(1)
        MetricsSystem.bootstrap(registry)

        let services = try services(settings, registry, logger)
        let server = BackendServer(settings: settings, registry: registry, services: services, logger: logger) {
            address in
            logger.notice(
                "ready",
                metadata: [
                    "address": "\(address?.ipAddress ?? settings.host)",
                    "port": .stringConvertible(address?.port ?? settings.port),
                ])
        }
        try await run(server, logger)
    }

    private func run(_ server: BackendServer, _ logger: Logger) async throws {
        let group = server.makeServiceGroup()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let listener = Task { await Self.handle(signals, group, server.settings, logger) }
        defer { listener.cancel() }
        do {
            try await group.run()
        } catch {
            Terminal.complain(Self.reason(for: error, server.settings))
            throw ExitCode.unavailable
        }
        logger.notice("ended")
    }

    private static func handle(
        _ signals: UnixSignalsSequence, _ group: ServiceGroup, _ settings: Settings, _ logger: Logger
    ) async {
        var isEnding = false
        for await signal in signals {
            if isEnding {
                logger.warning("second signal: ending at once")
                // What a shell reports for a process that the signal ended.
                _exit(128 + signal.rawValue)
            }
            isEnding = true
            logger.notice("draining", metadata: ["signal": "\(signal)", "drain_delay": "\(settings.drainDelay)"])
            await group.triggerGracefulShutdown()
        }
    }

    private func announce(_ settings: Settings, _ logger: Logger) {
        var metadata = settings.summary
        metadata["version"] = "\(Version.number)"
        logger.notice("starting", metadata: metadata)
        if settings.isSecretKeyTemporary {
            logger.warning("SECRET_KEY is not set: a key was made for this start only")
        }
    }

    private func settings() throws -> Settings {
        let variables = try environment.variables().values
        let flags = try options.flags()
        return try EnvironmentOptions.complaining { () throws(ConfigurationError) in
            try Settings(variables: variables, flags: flags)
        }
    }

    private func services(
        _ settings: Settings, _ registry: PrometheusRegistry, _ logger: Logger
    ) throws -> BackendServices {
        do {
            return try BackendServices(settings: settings, registry: registry, logger: logger)
        } catch let error as DatabaseError {
            Terminal.complain("cannot open the database: \(error.message)")
            throw ExitCode.unavailable
        }
    }

    /// Why the service could not run, in a line.
    private static func reason(for error: any Error, _ settings: Settings) -> String {
        let address = "\(NetworkName.inURL(settings.host)):\(settings.port)"
        switch error {
        case let error as IOError: return "cannot listen on \(address): \(SystemError.message(error.errnoCode))"
        case is SocketAddressError: return "cannot listen on \(address): no such host"
        case let error as DatabaseError: return "cannot use the database: \(error.message)"
        default: return "cannot run: \(error)"
        }
    }
}
