import Logging
import ServiceLifecycle

/// PostgreSQL, through libpq.
///
/// Usable from its making; connections are opened when batches ask for them. ``run()`` is needed only to close them in order.
final class PostgreSQLDatabase: Database {
    let dialect = SQLDialect.postgreSQL
    private let pool: PostgreSQLPool

    /// - Parameter now: What time it is for deadlines and ages; for tests.
    init(
        _ settings: PostgreSQLSettings, logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) throws(DatabaseError) {
        pool = try PostgreSQLPool(settings, logger, now: now)
    }

    func run(_ batch: [SQLStatement], _ access: DatabaseAccess) async throws -> [SQLResult] {
        guard !batch.isEmpty else { return [] }
        var statements: [EncodedStatement] = []
        statements.reserveCapacity(batch.count)
        for statement in batch { statements.append(try EncodedStatement(statement)) }
        return try await pool.run(BatchJob(statements, access))
    }

    func ping() async throws {
        // Nothing but a Sync: the server answers it without looking at any table.
        _ = try await pool.run(BatchJob([], .read), isPatient: false)
    }

    var poolState: DatabasePoolState { pool.state }

    /// The server's version as libpq counts it: 150018 is 15.18.
    /// - Throws: ``DatabaseError``.
    func serverVersion() async throws -> Int {
        if let version = pool.serverVersion { return version }
        _ = try await pool.run(BatchJob([], .read))
        guard let version = pool.serverVersion else {
            throw DatabaseError(.unavailable, "the connection to PostgreSQL broke")
        }
        return version
    }

    /// Does what is due now, which otherwise happens within a second.
    func maintain() {
        pool.maintain()
    }

    func run() async throws {
        await withTaskCancellationHandler {
            // Ends by graceful shutdown or by cancellation; both mean the same here.
            try? await gracefulShutdown()
            await pool.shutDown()
        } onCancel: { [pool] in
            pool.abandon()
        }
    }
}
