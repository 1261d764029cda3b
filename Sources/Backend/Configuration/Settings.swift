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
    /// The largest body that is read, in bytes; the guide's `client_max_body_size`.
    var maximumBodySize: Int
    var database: DatabaseURL
    var databasePool: DatabasePoolSettings
    var redis: RedisURL?
    /// PEM file of the authorities trusted for `rediss://`; the system's when nil.
    var redisAuthorityFile: String?
    var cache: CacheSettings
    var upstream: UpstreamSettings
    var usageLimits: UsageLimitSettings
    var corsOrigins: CORSOrigins
    var allowedHosts: AllowedHosts
    var trustedProxies: TrustedProxies
    var logLevel: Logger.Level
    var logFormat: LogFormat
    var mail: MailSettings?
    /// Where users find the application; nil when that is not said.
    var publicURL: PublicURL?
    var registration: RegistrationPolicy
    /// How long to keep serving after being told to end, while load balancers learn that this replica is going.
    var drainDelay: Duration
    /// The model that answers in conversations that name none.
    var defaultModel: String
    /// How long an answer goes on being generated for a client whose connection is lost.
    var streamResumeGrace: Duration
    /// Every variable that was asked for while these were read.
    let variableNames: [String]
}

extension Settings {
    static let defaultBodySize = 10 << 20

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

        maximumBodySize =
            reader.value("MAX_BODY_SIZE") { text throws(InvalidValue) in
                try ByteCount.parse(text, (1 << 10)...(1 << 30))
            } ?? Self.defaultBodySize
        database = reader.value("DATABASE_URL", .hidden, parse: DatabaseURL.init(parsing:)) ?? .sqlite(path: "./app.db")
        databasePool = DatabasePoolSettings(reading: &reader)
        redis = reader.value("REDIS_URL", .hidden, parse: RedisURL.init(parsing:))
        redisAuthorityFile = reader.text("REDIS_CA_FILE")
        if redisAuthorityFile != nil, let redis, !redis.usesTLS {
            reader.report("REDIS_CA_FILE", "must not be set unless REDIS_URL begins with rediss://")
        }
        cache = CacheSettings(reading: &reader)
        upstream = UpstreamSettings(reading: &reader, environment: environment)
        usageLimits = UsageLimitSettings(reading: &reader)
        corsOrigins = reader.value("CORS_ORIGINS", parse: CORSOrigins.init(parsing:)) ?? .listed([])
        allowedHosts = reader.value("ALLOWED_HOSTS", parse: AllowedHosts.init(parsing:)) ?? .all
        trustedProxies = reader.value("TRUSTED_PROXIES", parse: TrustedProxies.init(parsing:)) ?? .privateRanges
        let logLevel = reader.value("LOG_LEVEL", parse: Logger.Level.init(parsing:))
        self.logLevel = flags.logLevel ?? logLevel ?? (isDebug ? .debug : .info)
        let logFormat = reader.value("LOG_FORMAT", parse: LogFormat.init(parsing:))
        self.logFormat = flags.logFormat ?? logFormat ?? (flags.isDevelopment ? .text : .json)
        mail = MailSettings(reading: &reader)
        publicURL = reader.value("PUBLIC_URL", parse: PublicURL.init(parsing:))
        registration = reader.value("REGISTRATION", parse: RegistrationPolicy.init(parsing:)) ?? .open
        let drainDelay = reader.value("DRAIN_DELAY", parse: Duration.init(parsingDrainDelay:))
        // Nobody balances load to a developer's machine, and waiting there is only tiresome.
        self.drainDelay = flags.drainDelay ?? drainDelay ?? (environment.isExposed ? .seconds(5) : .zero)

        let defaultModel = reader.value("DEFAULT_MODEL") { text throws(InvalidValue) in
            guard text.utf8.count <= 200 else { throw InvalidValue("must have at most 200 bytes") }
            return text
        }
        self.defaultModel = defaultModel ?? (upstream.source == .echo ? EchoModel.name : "gpt-4o-mini")
        // The bound is that of the drain delay: beyond it a load balancer's or a proxy's client has given up.
        streamResumeGrace =
            reader.value("STREAM_RESUME_GRACE", parse: Duration.init(parsingDrainDelay:))
            ?? GenerationPolicy().resumeGrace
        variableNames = reader.names

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
    /// Reads whole or decimal seconds up to five minutes, the longest grace period in use for Deployments.
    init(parsingDrainDelay text: String) throws(InvalidValue) {
        guard let seconds = Double(text), (0...300).contains(seconds) else {
            throw InvalidValue("must be a number of seconds from 0 to 300")
        }
        self = .milliseconds(Int64((seconds * 1000).rounded()))
    }
}
