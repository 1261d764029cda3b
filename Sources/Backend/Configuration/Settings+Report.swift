import Logging
import Observability

/// One setting in force, as `config` prints it.
struct SettingReport: Sendable, Equatable, Encodable {
    /// The variable's name.
    let name: String
    /// The value in force; nil when there is none. A secret is only said to be set.
    let value: String?
    /// What set it: a flag, the environment, a file and line, or the default.
    let source: String
}

extension Settings {
    private static let secret = "***"

    /// What is in force under each variable's name, in the order of the documentation; secrets masked.
    var values: [(name: String, value: String?)] {
        [
            ("ENVIRONMENT", environment.rawValue),
            ("SECRET_KEY", isSecretKeyTemporary ? nil : Self.secret),
            ("DEBUG", "\(isDebug)"),
            ("HOST", host),
            ("PORT", "\(port)"),
            ("MAX_BODY_SIZE", ByteCount.format(maximumBodySize)),
            ("DATABASE_URL", "\(database)"),
            ("DATABASE_POOL_SIZE", "\(databasePool.size)"),
            ("DATABASE_MAX_OVERFLOW", "\(databasePool.maximumOverflow)"),
            ("DATABASE_POOL_RECYCLE", databasePool.recycle.map(Self.seconds) ?? "-1"),
            ("DATABASE_POOL_PRE_PING", "\(databasePool.checksBeforeUse)"),
            ("DATABASE_POOL_TIMEOUT", Self.seconds(databasePool.timeout)),
            ("REDIS_URL", redis.map { "\($0)" }),
            ("REDIS_CA_FILE", redisAuthorityFile),
            ("USER_CACHE_TTL", Self.seconds(cache.userTTL)),
            ("CONVERSATION_CACHE_TTL", Self.seconds(cache.conversationTTL)),
            ("MODEL_CACHE_TTL", Self.seconds(cache.modelTTL)),
            ("OPENAI_API_KEY", upstream.hasKey ? Self.secret : nil),
            ("OPENAI_BASE_URL", "\(upstream)"),
            ("UPSTREAM_CONNECT_TIMEOUT", Self.seconds(upstream.connectTimeout)),
            ("UPSTREAM_RESPONSE_TIMEOUT", Self.seconds(upstream.responseTimeout)),
            ("UPSTREAM_IDLE_TIMEOUT", Self.seconds(upstream.idleTimeout)),
            ("UPSTREAM_TOTAL_TIMEOUT", Self.seconds(upstream.totalTimeout)),
            ("UPSTREAM_MAX_ATTEMPTS", "\(upstream.maximumAttempts)"),
            ("RATE_LIMIT_REQUESTS_PER_MINUTE", "\(usageLimits.userRequests ?? 0)"),
            ("RATE_LIMIT_TOKENS_PER_MINUTE", "\(usageLimits.userTokens ?? 0)"),
            ("RATE_LIMIT_KEY_REQUESTS_PER_MINUTE", "\(usageLimits.keyRequests ?? 0)"),
            ("RATE_LIMIT_KEY_TOKENS_PER_MINUTE", "\(usageLimits.keyTokens ?? 0)"),
            ("DEFAULT_MODEL", defaultModel),
            ("STREAM_RESUME_GRACE", Self.seconds(streamResumeGrace)),
            ("CORS_ORIGINS", corsOrigins == .listed([]) ? nil : "\(corsOrigins)"),
            ("ALLOWED_HOSTS", "\(allowedHosts)"),
            ("TRUSTED_PROXIES", "\(trustedProxies)"),
            ("LOG_LEVEL", logLevel.rawValue),
            ("LOG_FORMAT", logFormat.rawValue),
            ("SMTP_HOST", mail?.host),
            ("SMTP_PORT", mail.map { "\($0.port)" }),
            ("SMTP_USERNAME", mail?.username),
            ("SMTP_PASSWORD", mail?.password.map { _ in Self.secret }),
            ("SMTP_FROM_EMAIL", mail.map { "\($0.from)" }),
            ("SMTP_TLS", mail?.security.rawValue),
            ("SMTP_CA_FILE", mail?.authorityFile),
            ("PUBLIC_URL", publicURL.map { "\($0)" }),
            ("REGISTRATION", registration.rawValue),
            ("DRAIN_DELAY", Self.seconds(drainDelay)),
        ]
    }

    /// The settings with where each comes from.
    func report(_ variables: EnvironmentVariables, flags: Flags) -> [SettingReport] {
        let flagged = flags.names
        return values.map { name, value in
            let isSet = variables.values[name].map { !$0.trimmed.isEmpty } ?? false
            let source =
                flagged[name] ?? (isSet ? variables.origins[name].map { "\($0)" } : nil)
                ?? (flags.isDevelopment && ["HOST", "DEBUG", "LOG_LEVEL", "LOG_FORMAT"].contains(name)
                    ? "default with --dev" : "default")
            return SettingReport(name: name, value: value, source: source)
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        return seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    }
}

extension Settings.Flags {
    /// The variables that flags stand for, with the flags.
    fileprivate var names: [String: String] {
        var names: [String: String] = [:]
        if host != nil { names["HOST"] = "--host" }
        if port != nil { names["PORT"] = "--port" }
        if drainDelay != nil { names["DRAIN_DELAY"] = "--drain-delay" }
        if logLevel != nil { names["LOG_LEVEL"] = "--log-level" }
        if logFormat != nil { names["LOG_FORMAT"] = "--log-format" }
        return names
    }
}
