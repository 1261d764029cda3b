import Logging
import Synchronization

@testable import Backend

/// Runs `test` with a PostgreSQL database of its own, which is closed afterwards.
func withPostgreSQL(
    _ url: Secret? = nil, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now },
    _ change: (inout PostgreSQLSettings) -> Void = { _ in }, _ test: (PostgreSQLDatabase) async throws -> Void
) async throws {
    let fresh: Secret
    if let url { fresh = url } else { fresh = try await PostgreSQLServer.freshDatabase() }
    var settings = PostgreSQLSettings(url: fresh)
    change(&settings)
    let database = try PostgreSQLDatabase(settings, logger: .silent, now: now)
    try await closing(database) { try await test(database) }
}

/// A clock that a test moves.
final class ShiftedClock: Sendable {
    private let shift = Mutex(Duration.zero)

    func now() -> ContinuousClock.Instant { ContinuousClock.now + shift.withLock { $0 } }

    func advance(by duration: Duration) {
        shift.withLock { $0 += duration }
    }
}

extension PostgreSQLDatabase {
    /// The server's process of the connection that answers.
    func backendProcess() async throws -> Int64 {
        try await rows("SELECT pg_backend_pid()")[0].get(0)
    }
}
