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
        DatabasePoolMetrics.register(database, in: registry)
        let schema = SchemaCheck(database: database, policy: settings.schemaPolicy, logger: logger)
        routes = []
        background = [database, schema]
        dependencies = [DatabaseDependency(database: database, schema: schema)]
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
