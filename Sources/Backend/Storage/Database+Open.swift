extension DatabaseURL {
    /// The database at this address. A SQLite file is opened, or made, at once; PostgreSQL is connected to when it is needed.
    /// - Throws: ``DatabaseError``.
    func open() throws(DatabaseError) -> any Database {
        switch self {
        case .sqlite(let path): try SQLiteDatabase(path: path)
        case .sqliteInMemory: try SQLiteDatabase(path: nil)
        case .postgreSQL:
            throw DatabaseError(.unavailable, "PostgreSQL is not available in this version")
        }
    }
}
