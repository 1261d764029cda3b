import HTTPTypes
import NIOPosix
import Observability
import ServiceLifecycle
import Synchronization

/// Hashes passwords on threads of its own, few at a time: a hash takes 32 MiB and a core for a tenth of a second, and a burst of
/// log-ins must take neither the memory limit nor the event loops. Those that wait are bounded too; beyond, the answer is 503.
final class PasswordHasher: Service {
    /// How a password compares with what is stored.
    enum Verdict: Sendable, Equatable {
        case wrong
        /// - Parameter isOutdated: Whether the hash was made with other parameters than new ones are.
        case right(isOutdated: Bool)
    }

    struct Limits: Sendable {
        /// Hashes at a time: 64 MiB with the standard parameters.
        var concurrency = 2
        /// Hashes that wait for a thread. At two a quarter of a second, the last of them waits for about ten seconds.
        var waiting = 96
    }

    private let parameters: Scrypt.Parameters
    private let limits: Limits
    private let threads: NIOThreadPool
    private let pending = Mutex(0)
    private let running: PrometheusGauge
    /// What a password is compared with where there is no user, so that the time does not tell.
    private let decoy: PasswordHash

    init(
        parameters: Scrypt.Parameters = .standard, limits: Limits = Limits(), registry: PrometheusRegistry
    ) {
        self.parameters = parameters
        self.limits = limits
        decoy = .decoy(parameters)
        threads = NIOThreadPool(numberOfThreads: limits.concurrency)
        running = registry.gauge("password_hashes_in_progress", help: "Passwords that are being hashed.")
    }

    func run() async throws {
        threads.start()
        try? await gracefulShutdown()  // Cancelled: the group is ending anyway.
        try await threads.shutdownGracefully()
    }

    /// - Throws: ``APIError``, 503, when too many wait already; ``CryptographyError``.
    func hash(_ password: String) async throws -> PasswordHash {
        try await onThread { [parameters] in try PasswordHash(of: password, parameters) }
    }

    /// Compares a password with a user's hash; without one it takes as long and the answer is `wrong`.
    /// - Throws: As ``hash(_:)``.
    func verify(_ password: String, against hash: PasswordHash?) async throws -> Verdict {
        try await onThread { [hash = hash ?? decoy, parameters] in
            try hash.matches(password) ? .right(isOutdated: hash.parameters != parameters) : .wrong
        }
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let isTaken = pending.withLock { pending in
            guard pending < limits.concurrency + limits.waiting else { return false }
            pending += 1
            return true
        }
        guard isTaken else { throw APIError.tooManyLogIns }
        defer { pending.withLock { $0 -= 1 } }
        return try await threads.runIfActive { [running] in
            running.increment()
            defer { running.increment(by: -1) }
            return try body()
        }
    }
}

extension APIError {
    static let tooManyLogIns = APIError(
        status: .serviceUnavailable, kind: .server, code: "overloaded",
        message: "Too many passwords are being checked right now; try again in a few seconds.",
        headers: [.retryAfter: "5"])
}
