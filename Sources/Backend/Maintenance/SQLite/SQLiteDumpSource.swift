import GRDB
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A SQLite database, written out as SQL text: SQLite's online backup makes a copy as of one moment, which is checked and then
/// read. The same contents give the same text.
struct SQLiteDumpSource: DumpSource {
    let path: String

    func dump(to output: FileDescriptor, workspace: FilePath) async throws -> DumpedContents {
        // Opening would make the file.
        guard access(path, F_OK) == 0 else {
            throw MaintenanceError.unavailable("there is no database at \(path)")
        }
        let database = try SQLiteDatabase(path: path)
        defer { try? database.close() }  // It was only read.
        try await database.backUp(to: workspace.string)
        return try await BlockingWork.run {
            do {
                return try Self.dump(copy: workspace.string, to: output)
            } catch let error as GRDB.DatabaseError {
                throw DatabaseError(error)
            }
        }
    }

    private static func dump(copy: String, to output: FileDescriptor) throws -> DumpedContents {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: copy, configuration: configuration)
        defer { try? queue.close() }  // It was only read.
        return try queue.read { connection in
            guard try String.fetchAll(connection, sql: "PRAGMA integrity_check") == ["ok"] else {
                throw MaintenanceError.unavailable("the database is damaged: PRAGMA integrity_check tells where")
            }
            var writer = SQLiteDumpWriter(connection: connection, output: output)
            try writer.write()
            return DumpedContents(
                kind: .sqlite, databaseVersion: try String.fetchOne(connection, sql: "SELECT sqlite_version()") ?? "",
                dumpProgram: nil, schemaVersion: try SQLiteSchema.version(connection), rows: writer.rows,
                bytes: writer.bytes)
        }
    }
}

/// What is asked of a SQLite file's schema.
enum SQLiteSchema {
    /// The last migration; 0 without a history.
    static func version(_ connection: GRDB.Database) throws -> Int {
        guard try connection.tableExists("schema_migrations") else { return 0 }
        return try Int.fetchOne(connection, sql: "SELECT coalesce(max(number), 0) FROM schema_migrations") ?? 0
    }

    /// The tables that are not SQLite's own, without the parts of virtual ones.
    static func tables(_ connection: GRDB.Database) throws -> [String] {
        try String.fetchAll(
            connection,
            sql: """
                SELECT name FROM pragma_table_list
                WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                ORDER BY name
                """)
    }

    static func rowCount(_ table: String, _ connection: GRDB.Database) throws -> Int64 {
        try Int64.fetchOne(connection, sql: "SELECT count(*) FROM \(table.quotedDatabaseIdentifier)") ?? 0
    }
}
