import Logging
import Observability
import ServiceLifecycle

/// A Redis 6 or newer, over two connections: one for commands, one for subscriptions.
///
/// ## Guarantees
///
/// - A command is answered or fails within the command deadline. While the server is known to be away or too slow, it fails at
///   once.
/// - Replies belong to their commands: after a late reply the connection skips what is overdue or is replaced.
/// - Connections come back by themselves, with growing, jittered pauses between attempts.
///
/// ## Caveats
///
/// A command that failed with `timedOut` or `connectionLost` may have been done. Nothing is sent twice.
final class RedisClient: Service {
    let pubSub: RedisPubSub
    private let commands: RedisLink
    private let metrics: RedisMetrics

    /// - Throws: When the authorities for TLS cannot be read.
    init(_ configuration: RedisConfiguration, registry: PrometheusRegistry, logger: Logger) throws {
        let commands = try RedisLink(configuration, purpose: "commands", logger: logger)
        self.commands = commands
        pubSub = try RedisPubSub(configuration, logger: logger)
        metrics = RedisMetrics(registry: registry)
        registry.gauge("redis_up", help: "Whether Redis takes commands now.") { commands.isReady ? 1 : 0 }
        registry.gauge("redis_commands_outstanding", help: "Commands that wait for their replies.") {
            Double(commands.connection?.outbox.outstandingCount ?? 0)
        }
    }

    /// Whether a command would be sent now.
    var isAvailable: Bool { commands.isReady }

    /// Runs a command. An error reply is thrown as ``RedisError/Code/refused``.
    func send(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
        let start = ContinuousClock.now
        var result = await commands.send(command)
        if case .success(.error(let text)) = result { result = .failure(RedisError(reply: text)) }
        metrics.record(result, ContinuousClock.now - start)
        return try result.get()
    }

    /// Keeps the connections until the service is told to end.
    func run() async throws {
        await cancelWhenGracefulShutdown { [commands, pubSub] in
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await commands.run() }
                tasks.addTask { await pubSub.run { !commands.isReady } }
            }
        }
    }
}
