import Logging
import NIOCore
import Synchronization

/// A connection that is made again whenever it is lost, and what of it is there at the moment.
final class RedisLink: Sendable {
    /// What a link tells its owner.
    struct Events: Sendable {
        /// A connection was made; called before commands are sent on it.
        var connected: @Sendable (RedisConnection) -> Void = { _ in }
        var disconnected: @Sendable () -> Void = {}
        /// Called on the connection's event loop.
        var pushed: @Sendable ([RESPValue]) -> Void = { _ in }
        /// See ``RedisConnectionStateMachine/ReceiveAction/refused(_:)``.
        var refused: @Sendable (RedisError) -> Void = { _ in }
    }

    private struct Storage {
        var connection: RedisConnection?
        /// Why there is none, as it was last logged.
        var complaint: RedisError?
    }

    /// Why a connection ended, once it did.
    private final class Ending: Sendable {
        let reason = Mutex<RedisError?>(nil)
    }

    private let configuration: RedisConfiguration
    private let connector: RedisConnector
    private let purpose: String
    private let logger: Logger
    private let storage = Mutex(Storage())

    /// - Throws: When the authorities for TLS cannot be read.
    init(_ configuration: RedisConfiguration, purpose: String, logger: Logger) throws {
        self.configuration = configuration
        self.purpose = purpose
        self.logger = logger
        connector = try RedisConnector(configuration, purpose: purpose)
    }

    /// The connection now; nil while there is none. It may be stalled.
    var connection: RedisConnection? { storage.withLock { $0.connection } }

    /// Whether a command would be sent now.
    var isReady: Bool { connection?.outbox.availability == .ready }

    /// Sends a command; while there is no connection in order, fails at once.
    func send(_ command: RedisCommand) async -> Result<RESPValue, RedisError> {
        guard let connection else { return .failure(RedisError(.unavailable, "not connected")) }
        return await connection.send(command)
    }

    /// Keeps a connection until the task is cancelled.
    /// - Parameter isOutageKnown: Whether another link says already what is wrong; this one does so for debugging only then.
    func run(_ events: Events = Events(), isOutageKnown: @Sendable () -> Bool = { false }) async {
        var attempt = 0
        while !Task.isCancelled {
            let started = ContinuousClock.now
            do {
                try await keepConnection(events)
            } catch {
                complain(error, quietly: isOutageKnown())
            }
            // A connection that held for a while starts the count anew; one that is made and lost at once does not.
            attempt = ContinuousClock.now - started > configuration.maximumBackoff ? 0 : attempt + 1
            // Ends early when the task is cancelled, as then the loop does.
            try? await Task.sleep(for: backoff(attempt))
        }
    }

    /// Connects, and returns when the connection is lost or the task is cancelled.
    private func keepConnection(_ events: Events) async throws(RedisError) {
        let ending = Ending()
        let connection = try await connector.connect(
            RedisChannelHandler.Events(
                established: {}, pushed: events.pushed, refused: events.refused,
                stalled: { [logger, purpose] in
                    logger.warning("Redis replies too late", metadata: ["connection": "\(purpose)"])
                },
                closed: { error in ending.reason.withLock { $0 = error } }))
        events.connected(connection)
        let complaint = storage.withLock { storage in
            defer { storage.complaint = nil }
            storage.connection = connection
            return storage.complaint
        }
        logger.log(
            level: complaint == nil ? .info : .notice, "connected to Redis", metadata: ["connection": "\(purpose)"])
        await withTaskCancellationHandler {
            // Closing has no failure that matters here.
            try? await connection.channel.closeFuture.get()
        } onCancel: {
            connection.channel.close(promise: nil)
        }
        storage.withLock { $0.connection = nil }
        events.disconnected()
        guard !Task.isCancelled else { return }
        throw ending.reason.withLock { $0 } ?? RedisError(.connectionLost, "the connection ended")
    }

    /// A line for an outage and for each new reason of it, not one for each attempt.
    private func complain(_ error: RedisError, quietly: Bool) {
        guard !Task.isCancelled else { return }
        let isNews = storage.withLock { storage in
            defer { storage.complaint = error }
            return storage.complaint != error
        }
        let needsSomebody = error.code == .authenticationFailed || error.code == .unsupportedServer
        logger.log(
            level: quietly || !isNews ? .debug : needsSomebody ? .error : .warning,
            "Redis is not available: the service goes on without it and keeps trying",
            metadata: [
                "connection": "\(purpose)", "redis": "\(configuration.url)", "reason": "\(error.message)",
                "code": "\(error.code)",
            ])
    }

    /// Doubles from attempt to attempt; between half of it and all, so that replicas do not come back in step.
    private func backoff(_ attempt: Int) -> Duration {
        let longest = min(
            configuration.maximumBackoff, configuration.minimumBackoff * (1 << min(max(attempt - 1, 0), 10)))
        return longest * Double.random(in: 0.5...1)
    }
}
