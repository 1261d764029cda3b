import GRDB
import ServiceLifecycle
import Synchronization

/// A SQLite database: one file in WAL mode, one writer, readers beside it.
final class SQLiteDatabase: Database {
    let dialect = SQLDialect.sqlite
    /// Where the file is; nil for a database in memory.
    let path: String?
    private let connections: any DatabaseWriter
    private let usage = Mutex(Usage())

    private struct Usage {
        var inUse = 0
        var isClosed = false
    }

    /// How many readers there are at most. They are threads that wait for the disk; a chat service's reads are short.
    private static let maximumReaders = 4
    /// How long a writer waits for another process, such as a `migrate` beside a running service.
    private static let busyTimeout = 5.0

    /// Opens the file, which is made when it is not there.
    /// - Parameter path: Nil for a database that ends with this object.
    /// - Throws: ``DatabaseError``.
    init(path: String?) throws(Backend.DatabaseError) {
        self.path = path
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        configuration.maximumReaderCount = Self.maximumReaders
        configuration.label = "backend"
        configuration.prepareDatabase { connection in
            guard !connection.configuration.readonly else { return }
            // A write is on the disk before it is acknowledged, also when the machine loses power.
            try connection.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            if let path {
                connections = try DatabasePool(path: path, configuration: configuration)
            } else {
                connections = try DatabaseQueue(configuration: configuration)
            }
        } catch {
            throw DatabaseError(opening: path ?? ":memory:", error)
        }
    }

    func run(_ batch: [SQLStatement], _ access: DatabaseAccess) async throws -> [SQLResult] {
        try Self.refuseNUL(in: batch)
        try usage.withLock { usage throws(Backend.DatabaseError) in
            // GRDB crashes on a closed connection.
            if usage.isClosed { throw DatabaseError(.unavailable, "the database is closed") }
            usage.inUse += 1
        }
        defer { usage.withLock { $0.inUse -= 1 } }
        do {
            switch access {
            case .read: return try await connections.read { try Self.run(batch, $0) }
            case .write: return try await connections.write { try Self.run(batch, $0) }
            }
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(error)
        }
    }

    func ping() async throws {
        _ = try await run([SQLStatement("SELECT 1")], .read)
    }

    var poolState: DatabasePoolState {
        DatabasePoolState(
            open: 1 + (path == nil ? 0 : Self.maximumReaders), inUse: usage.withLock { $0.inUse }, waiting: 0)
    }

    func run() async throws {
        try? await gracefulShutdown()  // Cancelled: the end all the same.
        usage.withLock { $0.isClosed = true }
        // What is under way ends by itself, within the busy time-out at most. Should it not, the end of the process closes the
        // file as safely.
        let deadline = ContinuousClock.now + .seconds(Self.busyTimeout)
        while usage.withLock({ $0.inUse }) > 0 {
            guard ContinuousClock.now < deadline else { return }
            try? await Task.sleep(for: .milliseconds(5))
        }
        try connections.close()
    }

    /// Closes all connections, for who uses it without running it as a service.
    func close() throws {
        try connections.close()
    }

    /// Copies the database as it is at one moment to another file while it stays in use (SQLite's online backup).
    func backUp(to path: String) async throws {
        do {
            let copy = try DatabaseQueue(path: path)
            defer { try? copy.close() }  // It is read again, and checked, by who asked for it.
            try await BlockingWork.run { [connections] in try connections.backup(to: copy) }
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(error)
        }
    }

    /// SQLite's text ends at a NUL character for most of what reads it, so there is none in it, as in PostgreSQL.
    private static func refuseNUL(in batch: [SQLStatement]) throws(Backend.DatabaseError) {
        for statement in batch {
            for (index, argument) in statement.arguments.enumerated() {
                guard case .text(let text) = argument, text.utf8.contains(0) else { continue }
                throw DatabaseError(
                    .invalidValue, "argument $\(index + 1) has a NUL character, which text must not have")
            }
        }
    }

    private static func run(_ batch: [SQLStatement], _ connection: GRDB.Database) throws -> [SQLResult] {
        var results: [SQLResult] = []
        results.reserveCapacity(batch.count)
        for (index, statement) in batch.enumerated() {
            let result = try run(statement, connection)
            if case .exactly(let count) = statement.expectation, result.affectedRows != count {
                throw DatabaseError(
                    .expectationFailed, "a statement met \(result.affectedRows) rows where \(count) were expected",
                    statementIndex: index)
            }
            results.append(result)
        }
        return results
    }

    private static func run(_ statement: SQLStatement, _ connection: GRDB.Database) throws -> SQLResult {
        let prepared = try connection.cachedStatement(sql: statement.text.sqlite)
        var named: [String: (any DatabaseValueConvertible)?] = [:]
        for (index, argument) in statement.arguments.enumerated() { named["\(index + 1)"] = argument.databaseValue }
        try prepared.setArguments(StatementArguments(named))
        guard prepared.columnCount > 0 else {
            try prepared.execute()
            return SQLResult(rows: [], affectedRows: connection.changesCount)
        }
        let before = connection.totalChangesCount
        var rows: [SQLRow] = []
        let cursor = try Row.fetchCursor(prepared)
        while let row = try cursor.next() {
            rows.append(SQLRow(values: row.databaseValues.map(SQLValue.init)))
        }
        let changed = connection.totalChangesCount - before
        return SQLResult(rows: rows, affectedRows: prepared.isReadonly ? rows.count : changed)
    }
}
