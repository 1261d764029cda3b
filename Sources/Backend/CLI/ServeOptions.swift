import ArgumentParser
import Logging
import Observability

/// The flags of `serve`; each wins over the variable of its name.
struct ServeOptions: ParsableArguments {
    @Flag(
        name: .customLong("dev"),
        help: "Development: text logs, causes of errors shown, this machine only, no drain delay.")
    var isDevelopment = false

    @Option(help: "The address to listen on. (default: HOST, or 0.0.0.0)")
    var host: String?

    @Option(help: "The port to listen on; 0 for any free one. (default: PORT, or 8000)")
    var port: String?

    @Option(help: "Seconds to keep serving after SIGTERM. (default: DRAIN_DELAY, or 5 outside development)")
    var drainDelay: String?

    @Option(help: "The lowest level that is logged. (default: LOG_LEVEL, or info)")
    var logLevel: String?

    @Option(help: "How log lines look: json or text. (default: LOG_FORMAT, or json)")
    var logFormat: String?

    func validate() throws {
        _ = try flags()
    }

    /// The values of the flags, each read as its variable is.
    func flags() throws -> Settings.Flags {
        var flags = Settings.Flags(isDevelopment: isDevelopment)
        flags.host = try parse("--host", host, NetworkName.host(parsing:))
        flags.port = try parse("--port", port) { text throws(InvalidValue) in
            try NetworkName.port(parsing: text, allowingAny: true)
        }
        flags.drainDelay = try parse("--drain-delay", drainDelay, Duration.init(parsingDrainDelay:))
        flags.logLevel = try parse("--log-level", logLevel, Logger.Level.init(parsing:))
        flags.logFormat = try parse("--log-format", logFormat, LogFormat.init(parsing:))
        return flags
    }

    private func parse<Value>(
        _ flag: String, _ text: String?, _ parse: (String) throws(InvalidValue) -> Value
    ) throws -> Value? {
        guard let text else { return nil }
        do {
            return try parse(text)
        } catch {
            throw ValidationError("\(flag) \(error.requirement)")
        }
    }
}
