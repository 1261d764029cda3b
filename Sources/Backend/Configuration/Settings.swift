import Logging
import Observability

/// Everything that can be set, read and checked once at the start.
struct Settings: Sendable, Equatable {
    var environment: DeploymentEnvironment
    /// Shows the causes of internal errors to clients; never in production.
    var isDebug: Bool
    var secretKey: Secret
    /// Whether the key was made for this start, because none is set.
    var isSecretKeyTemporary: Bool
    var host: String
    /// The port to listen on; 0 for any free one.
    var port: Int
    var database: DatabaseURL
    var redis: RedisURL?
    var upstream: UpstreamSettings
    var usageLimits: UsageLimitSettings
    var corsOrigins: CORSOrigins
    var allowedHosts: AllowedHosts
    var logLevel: Logger.Level
    var logFormat: LogFormat
    var mail: MailSettings?
    /// Where users find the application; nil when that is not said.
    var publicURL: PublicURL?
    var registration: RegistrationPolicy
    /// How long what is known of a user or a key may be used without asking the database; the guide's `USER_CACHE_TTL`.
    var userCacheLifetime: Duration
    /// How long to keep serving after being told to end, while load balancers learn that this replica is going.
    var drainDelay: Duration
}

extension Settings {
    /// What the command line says; it wins over variables.
    struct Flags: Sendable {
        var isDevelopment = false
        var host: String?
        var port: Int?
        var drainDelay: Duration?
        var logLevel: Logger.Level?
        var logFormat: LogFormat?
    }

    /// Reads the guide's variables.
    /// - Throws: All problems at once.
    init(variables: [String: String], flags: Flags = Flags()) throws(ConfigurationError) {
        var reader = SettingsReader(variables: variables)
        let environment = Self.environment(flags, &reader)
        self.environment = environment
        isDebug = Self.isDebug(environment, flags, &reader)
        (secretKey, isSecretKeyTemporary) = Self.secretKey(environment, &reader)

        let host = reader.value("HOST", parse: NetworkName.host(parsing:))
        // A service in development answers this machine only, unless asked otherwise.
        self.host = flags.host ?? host ?? (flags.isDevelopment ? "127.0.0.1" : "0.0.0.0")
        let port = reader.value("PORT") { text throws(InvalidValue) in
            try NetworkName.port(parsing: text, allowingAny: true)
        }
        self.port = flags.port ?? port ?? 8000

        database = reader.value("DATABASE_URL", .hidden, parse: DatabaseURL.init(parsing:)) ?? .sqlite(path: "./app.db")
        redis = reader.value("REDIS_URL", .hidden, parse: RedisURL.init(parsing:))
        upstream = UpstreamSettings(reading: &reader, environment: environment)
        usageLimits = UsageLimitSettings(reading: &reader)
        corsOrigins = reader.value("CORS_ORIGINS", parse: CORSOrigins.init(parsing:)) ?? .listed([])
        allowedHosts = reader.value("ALLOWED_HOSTS", parse: AllowedHosts.init(parsing:)) ?? .all
        let logLevel = reader.value("LOG_LEVEL", parse: Logger.Level.init(parsing:))
        self.logLevel = flags.logLevel ?? logLevel ?? (isDebug ? .debug : .info)
        let logFormat = reader.value("LOG_FORMAT", parse: LogFormat.init(parsing:))
        self.logFormat = flags.logFormat ?? logFormat ?? (flags.isDevelopment ? .text : .json)
        mail = MailSettings(reading: &reader)
        publicURL = reader.value("PUBLIC_URL", parse: PublicURL.init(parsing:))
        registration = reader.value("REGISTRATION", parse: RegistrationPolicy.init(parsing:)) ?? .open
        userCacheLifetime =
            reader.value("USER_CACHE_TTL", parse: Duration.init(parsingCacheLifetime:)) ?? .seconds(3600)
        let drainDelay = reader.value("DRAIN_DELAY", parse: Duration.init(parsingDrainDelay:))
        // Nobody balances load to a developer's machine, and waiting there is only tiresome.
        self.drainDelay = flags.drainDelay ?? drainDelay ?? (environment.isExposed ? .seconds(5) : .zero)

        if !reader.problems.isEmpty { throw ConfigurationError(problems: reader.problems) }
    }

    private static func environment(_ flags: Flags, _ reader: inout SettingsReader) -> DeploymentEnvironment {
        let environment = reader.value("ENVIRONMENT", parse: DeploymentEnvironment.init(parsing:)) ?? .development
        if flags.isDevelopment && environment.isExposed {
            reader.report("--dev", "must not be used with ENVIRONMENT=\(environment.rawValue)")
        }
        return environment
    }

    private static func isDebug(
        _ environment: DeploymentEnvironment, _ flags: Flags, _ reader: inout SettingsReader
    ) -> Bool {
        let isDebug = reader.value("DEBUG", parse: Bool.init(parsing:)) ?? flags.isDevelopment
        if isDebug && environment == .production && !flags.isDevelopment {
            reader.report("DEBUG", "must be false in production: it shows the causes of errors to every client")
        }
        return isDebug
    }

    /// The key, and whether it was made up. In development a missing one is made for this start.
    private static func secretKey(
        _ environment: DeploymentEnvironment, _ reader: inout SettingsReader
    ) -> (key: Secret, isTemporary: Bool) {
        let text = reader.text("SECRET_KEY") ?? ""
        guard environment.isExposed else {
            return text.isEmpty ? (.random(), true) : (Secret(text), false)
        }
        do {
            try SecretKeyRule.check(text)
        } catch {
            reader.report("SECRET_KEY", error.requirement)
        }
        return (Secret(text), false)
    }
}

extension LogFormat {
    init(parsing text: String) throws(InvalidValue) {
        guard let format = LogFormat(rawValue: text.lowercased()) else { throw InvalidValue("must be json or text") }
        self = format
    }
}

extension Duration {
    /// Reads whole seconds up to a day.
    init(parsingCacheLifetime text: String) throws(InvalidValue) {
        guard let seconds = Int(text), (0...86_400).contains(seconds) else {
            throw InvalidValue("must be a number of seconds from 0 to 86400")
        }
        self = .seconds(seconds)
    }

    /// Reads whole or decimal seconds up to five minutes, the longest grace period in use for Deployments.
    init(parsingDrainDelay text: String) throws(InvalidValue) {
        guard let seconds = Double(text), (0...300).contains(seconds) else {
            throw InvalidValue("must be a number of seconds from 0 to 300")
        }
        self = .milliseconds(Int64((seconds * 1000).rounded()))
    }
}
