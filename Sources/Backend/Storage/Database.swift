import ServiceLifecycle

/// A database: SQLite or PostgreSQL.
///
/// There are no interactive transactions: a batch is decided before it is sent, so that it takes one round trip and no
/// connection waits for this program in the middle of it. Conditions are part of the statements, or are said as
/// ``SQLStatement/Expectation``.
protocol Database: Service {
    var dialect: SQLDialect { get }

    /// Runs the statements in order, all or none of them (one transaction), and returns a result for each.
    ///
    /// A read that fails because its connection broke is repeated once on another; a write never is, as it may have been done.
    /// - Throws: ``DatabaseError``; `CancellationError` when the task is cancelled while it waits for a connection.
    func run(_ batch: [SQLStatement], _ access: DatabaseAccess) async throws -> [SQLResult]

    /// Returns when the database answers.
    /// - Throws: ``DatabaseError``.
    func ping() async throws

    /// What is known of its connections.
    var poolState: DatabasePoolState { get }

    /// Owns what runs in the background; returns after a graceful shutdown, once all connections are closed.
    func run() async throws
}

/// Whether a batch changes anything.
enum DatabaseAccess: Sendable {
    case read, write
}

/// The connections of a pool.
struct DatabasePoolState: Sendable, Equatable {
    var open = 0
    var inUse = 0
    /// Batches that wait for a connection.
    var waiting = 0
}

extension Database {
    /// Runs one statement.
    @discardableResult
    func run(_ statement: SQLStatement, _ access: DatabaseAccess) async throws -> SQLResult {
        try await run([statement], access)[0]
    }

    /// The rows of one reading statement.
    func rows(_ text: SQLText, _ arguments: [SQLValue] = []) async throws -> [SQLRow] {
        try await run(SQLStatement(text, arguments), .read).rows
    }
}
