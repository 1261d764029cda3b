import Logging
import Observability
import ServiceLifecycle

/// The parts of the service, put together once.
struct BackendServices: Sendable {
    /// The API.
    let routes: [any RouteGroup]
    /// What runs beside the HTTP server: it starts before it and ends after it.
    let background: [any Service]
    let dependencies: [any Dependency]
    let chat: ChatServices

    init(routes: [any RouteGroup], background: [any Service], dependencies: [any Dependency], chat: ChatServices) {
        self.routes = routes
        self.background = background
        self.dependencies = dependencies
        self.chat = chat
    }

    /// - Throws: ``DatabaseError`` when a SQLite file cannot be opened.
    init(
        settings: Settings, registry: PrometheusRegistry, logger: Logger, clock: WallClock = .system,
        passwords: Scrypt.Parameters = .standard
    ) throws {
        let database = try settings.database.open(settings.databasePool, logger: logger)
        DatabasePoolMetrics.register(database, in: registry)
        let schema = SchemaCheck(database: database, policy: settings.schemaPolicy, logger: logger)
        let store = Store(database: database)
        let shared = try CacheServices(
            redis: settings.redisConfiguration, replication: settings.replication,
            lifetimes: CacheLifetimes(settings.cache), registry: registry, logger: logger)
        let accounts = try AccountServices(
            settings: settings, store: store, bus: shared.bus, limiter: shared.limiter, registry: registry,
            logger: logger, clock: clock, passwords: passwords)
        let completions = CompletionServices(
            settings: settings, store: store, authenticator: accounts.authenticator, cache: shared.cache,
            limiter: shared.limiter, registry: registry, logger: logger)
        let chat = ChatServices(
            store: store, authenticator: accounts.authenticator,
            model: UpstreamCompletionModel(client: completions.client), limits: completions.limits,
            metrics: completions.metrics, bus: shared.bus, cache: shared.cache,
            defaultModel: settings.defaultModel, policy: GenerationPolicy(resumeGrace: settings.streamResumeGrace),
            logger: logger)
        self.init(
            routes: accounts.routes + completions.routes + chat.routes,
            background: [database, schema] + shared.services + accounts.background + completions.background
                + chat.background,
            dependencies: [DatabaseDependency(database: database, schema: schema), completions.client]
                + RedisDependency.ofUse(shared), chat: chat)
    }

    /// Told when the service stops taking requests.
    /// - Parameter deadline: When all of it must have ended.
    func willEnd(within deadline: Duration) {
        // What is left of the time is for storing what there is.
        chat.keeper.interrupt(after: deadline * 4 / 5)
    }
}

extension Settings {
    fileprivate var redisConfiguration: RedisConfiguration? {
        redis.map { url in
            var configuration = RedisConfiguration(url: url)
            configuration.authorityFile = redisAuthorityFile
            return configuration
        }
    }

    /// A SQLite file belongs to one process; a server may have any number of clients.
    fileprivate var replication: CacheServices.Replication {
        if case .postgreSQL = database { .several } else { .single }
    }

    /// A SQLite file belongs to this process, so nobody else would migrate it. In production a PostgreSQL database is migrated by
    /// `migrate`, once, before the replicas of the new version start.
    fileprivate var schemaPolicy: SchemaCheck.Policy {
        if case .postgreSQL = database, environment == .production { return .wait }
        return .migrate
    }
}
