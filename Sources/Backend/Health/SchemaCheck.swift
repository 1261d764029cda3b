import Logging
import ServiceLifecycle
import Synchronization

/// Brings the schema up to date, or waits for somebody to do it; until then the service is not ready.
///
/// It waits out a database that is not there yet. A schema that is newer than the program ends the service: only another program
/// can mend that.
final class SchemaCheck: Service {
    /// What to do with an older schema.
    enum Policy: Sendable {
        /// Carry out the missing steps.
        case migrate
        /// Wait until `chatgpt-backend migrate` has.
        case wait
    }

    private let migrator: Migrator
    private let policy: Policy
    private let logger: Logger
    private let state = Mutex(DependencyState.unavailable("the database was not asked yet"))

    init(database: any Database, policy: Policy, logger: Logger) {
        migrator = Migrator(database: database)
        self.policy = policy
        self.logger = logger
    }

    /// Ok once the schema is this program's.
    var schemaState: DependencyState { state.withLock { $0 } }

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await self.settle() }
        try? await gracefulShutdown()  // Cancelled: the group is ending anyway.
    }

    private func settle() async throws {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            let reason: String
            do {
                switch policy {
                case .migrate:
                    try await migrator.migrate { [logger] step in
                        logger.notice("migrated", metadata: ["version": "\(step.number)", "step": "\(step.name)"])
                    }
                case .wait: try await migrator.check()
                }
                state.withLock { $0 = .ok }
                return
            } catch let error as DatabaseError {
                state.withLock { $0 = .unavailable(error.message) }
                guard error.isTransient || error.code == .schemaTooOld else { throw error }
                reason = String(reflecting: error)
            } catch is CancellationError {
                return
            }
            try? await Task.sleep(for: pause)  // Cancelled: the loop ends.
            // A service that is ending closes its database, which is nothing to warn of.
            guard !Task.isCancelled else { return }
            logger.warning("the database is not ready", metadata: ["reason": "\(reason)"])
            pause = min(pause * 2, .seconds(5))
        }
    }
}
