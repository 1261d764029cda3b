/// How many connections of a PostgreSQL server the pods may hold, when the server's bound is known.
struct ConnectionBudget: Sendable, Hashable {
    /// Pods beyond the replicas while a rollout is under way.
    static let surge = 1
    /// PostgreSQL's `superuser_reserved_connections`, a backup's and a migration's.
    static let reserve = 5
    /// The backend's own pool, the guide's numbers: 20 kept, 30 more.
    static let usualPool = DatabasePool(size: 20, overflow: 30)

    let maximumConnections: Int
    let pods: Int

    var available: Int { max(0, maximumConnections - Self.reserve) }

    /// The largest pool that fits, up to the backend's own and in its proportions; nil when not even one connection a pod does.
    var fittingPool: DatabasePool? {
        let connections = min(Self.usualPool.connections, available / pods)
        guard connections > 0 else { return nil }
        let size = max(1, connections * Self.usualPool.size / Self.usualPool.connections)
        return DatabasePool(size: size, overflow: connections - size)
    }

    func admits(_ pool: DatabasePool) -> Bool { pods * pool.connections <= available }
}

extension ChatBackendSpec {
    /// The most pods that the specification can come to, a rollout's extra one left out.
    var maximumReplicas: Int { autoscaling?.maxReplicas ?? replicas }

    /// The budget; nil when the database is no PostgreSQL or its bound is not known.
    var connectionBudget: ConnectionBudget? {
        let bound: Int? =
            switch databaseChoice {
            case .sqlite: nil
            case .managed(let database): Int(PostgresServer.parameters(database)["max_connections"] ?? "")
            case .cloudNativePG(let database): Int(database.parameters?["max_connections"] ?? "100")
            case .external(let database): database.maxConnections
            }
        return bound.map { ConnectionBudget(maximumConnections: $0, pods: maximumReplicas + ConnectionBudget.surge) }
    }

    /// The pool that is set for the pods; nil leaves the backend's own.
    var effectivePool: DatabasePool? {
        database?.pool ?? connectionBudget?.fittingPool
    }
}
