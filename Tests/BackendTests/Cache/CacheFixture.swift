import Logging
import Observability
import ServiceLifecycle
import Synchronization
import Testing

@testable import Backend

/// A clock that stands still until it is told otherwise.
final class CacheTestClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var elapsed: Duration

        func advanced(by duration: Duration) -> Instant { Instant(elapsed: elapsed + duration) }
        func duration(to other: Instant) -> Duration { other.elapsed - elapsed }
        static func < (left: Instant, right: Instant) -> Bool { left.elapsed < right.elapsed }
    }

    private let elapsed = Mutex(Duration.zero)

    var now: Instant { Instant(elapsed: elapsed.withLock { $0 }) }
    let minimumResolution: Duration = .nanoseconds(1)

    func advance(by duration: Duration) { elapsed.withLock { $0 += duration } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        while now < deadline {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

/// Counts from any task.
final class CacheTally: Sendable {
    private let storage = Mutex(0)

    var count: Int { storage.withLock { $0 } }

    func add() { storage.withLock { $0 += 1 } }
}

/// Keeps what is logged, at every level.
final class CacheLog: Sendable {
    private let lines = Mutex<[(Logger.Level, String)]>([])

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    /// Lines of a level or above it.
    func lines(_ level: Logger.Level = .info) -> [String] {
        lines.withLock { $0.filter { $0.0 >= level }.map(\.1) }
    }

    private struct Handler: LogHandler {
        let log: CacheLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            log.lines.withLock {
                $0.append((event.level, ([event.message.description] + details).joined(separator: " ")))
            }
        }
    }
}

extension CacheServices {
    /// Runs the services around `body`.
    static func with<Value: Sendable>(
        _ redis: RedisConfiguration?, replication: Replication = .single,
        registry: PrometheusRegistry = PrometheusRegistry(), log: CacheLog = CacheLog(), waitsForRedis: Bool = true,
        body: (CacheServices) async throws -> Value
    ) async throws -> Value {
        let services = try CacheServices(
            redis: redis, replication: replication, registry: registry, logger: log.logger)
        let group = ServiceGroup(services: services.services, logger: log.logger)
        let run = Task { if !services.services.isEmpty { try await group.run() } }
        do {
            if redis != nil && waitsForRedis { try #require(await eventually { services.redisState == .ok }) }
            let value = try await body(services)
            await group.triggerGracefulShutdown()
            try await run.value
            return value
        } catch {
            run.cancel()
            _ = await run.result
            throw error
        }
    }
}
