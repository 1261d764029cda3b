import Logging
import Observability

extension Settings {
    /// The settings in force as a log line shows them; secrets only as set or not set.
    var summary: Logger.Metadata {
        [
            "environment": "\(environment.rawValue)",
            "debug": .stringConvertible(isDebug),
            "secret_key": isSecretKeyTemporary ? "made for this start" : "set",
            "host": "\(host)",
            "port": .stringConvertible(port),
            "database_url": "\(database)",
            "redis_url": redis.map { "\($0)" } ?? "not set",
            "openai_base_url": "\(upstream)",
            "openai_api_key": upstream.hasKey ? "set" : "not set",
            "cors_origins": "\(corsOrigins)",
            "allowed_hosts": "\(allowedHosts)",
            "trusted_proxies": "\(trustedProxies)",
            "log_level": "\(logLevel.rawValue)",
            "log_format": "\(logFormat.rawValue)",
            "smtp": mail.map { "\($0.host):\($0.port) (\($0.security.rawValue))" } ?? "not set",
            "public_url": publicURL.map { "\($0)" } ?? "not set",
            "registration": "\(registration.rawValue)",
            "drain_delay": "\(drainDelay)",
        ]
    }
}
