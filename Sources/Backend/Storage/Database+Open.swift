import Logging

extension DatabaseURL {
    /// The database at this address. A SQLite file is opened, or made, at once; PostgreSQL is connected to when it is needed.
    /// - Throws: ``DatabaseError``.
    func open(_ pool: DatabasePoolSettings = DatabasePoolSettings(), logger: Logger) throws(DatabaseError)
        -> any Database
    {
        switch self {
        case .sqlite(let path): try SQLiteDatabase(path: path)
        case .sqliteInMemory: try SQLiteDatabase(path: nil)
        case .postgreSQL(let url, _, _, _, _):
            try PostgreSQLDatabase(PostgreSQLSettings(url: url, pool), logger: logger)
        }
    }
}

extension PostgreSQLSettings {
    init(url: Secret, _ pool: DatabasePoolSettings) {
        self.init(url: url)
        keptConnections = pool.size
        overflowConnections = pool.maximumOverflow
        waitTimeout = pool.timeout
        maximumAge = pool.recycle ?? .seconds(Int64.max / 1_000_000_000)
        if !pool.checksBeforeUse { checkAfterIdle = maximumAge }
    }
}
