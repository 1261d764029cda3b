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

    /// - Throws: ``DatabaseError`` when a SQLite file cannot be opened.
    init(settings: Settings, registry: PrometheusRegistry, logger: Logger) throws {
        let database = try settings.database.open()
        let schema = SchemaCheck(database: database, policy: settings.schemaPolicy, logger: logger)
        let store = Store(database: database)
        let clock = WallClock.system
        let caches = try CacheServices(
            redis: settings.redis.map { RedisConfiguration(url: $0) },
            replication: settings.environment == .development ? .single : .several, registry: registry, logger: logger)
        let credentials = CredentialCache(store: store, clock: clock)
        let authenticator = CredentialAuthenticator(
            tokens: try TokenAuthority(secretKey: settings.secretKey, clock: clock), credentials: credentials)
        let upstream = UpstreamClient(settings: settings.upstream, registry: registry, logger: logger)
        let ledger = UsageLedger(store: store, registry: registry, logger: logger)
        let proxy = CompletionProxy(
            client: upstream, authenticator: authenticator,
            limits: UsageLimits(settings: settings.usageLimits, limiter: caches.limiter), ledger: ledger)
        routes = [
            OpenAIRoutes(
                proxy: proxy, models: ModelCatalog(client: upstream, cache: caches.cache), authenticator: authenticator),
            UsageRoutes(authenticator: authenticator, store: store),
        ]
        background =
            [database, schema] + caches.services + [
                CredentialMaintenance(store: store, credentials: credentials, clock: clock, logger: logger), ledger,
                upstream,
            ]
        dependencies = [DatabaseDependency(database: database, schema: schema), upstream]
    }
}

extension Settings {
    /// A SQLite file belongs to this process, so nobody else would migrate it. In production a PostgreSQL database is migrated by
    /// `migrate`, once, before the replicas of the new version start.
    fileprivate var schemaPolicy: SchemaCheck.Policy {
        if case .postgreSQL = database, environment == .production { return .wait }
        return .migrate
    }
}
