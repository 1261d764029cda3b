import Observability

/// The connections of the database's pool, read at each scrape.
enum DatabasePoolMetrics {
    static func register(_ database: any Database, in registry: PrometheusRegistry) {
        let figures: [(String, String, @Sendable (DatabasePoolState) -> Int)] = [
            ("database_connections_open", "Connections to the database.", \.open),
            ("database_connections_in_use", "Connections that carry out statements.", \.inUse),
            ("database_connection_waiters", "Batches of statements that wait for a connection.", \.waiting),
        ]
        for (name, help, figure) in figures {
            registry.gauge(name, help: help) { Double(figure(database.poolState)) }
        }
    }
}
