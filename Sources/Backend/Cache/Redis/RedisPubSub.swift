import Logging
import NIOCore
import Synchronization

/// Subscriptions to Redis channels, renewed on each new connection.
final class RedisPubSub: Sendable {
    /// What arrives; called on the connection's event loop, and must not block it.
    struct Receiver: Sendable {
        var message: @Sendable (_ channel: String, _ payload: [UInt8]) -> Void
        /// Messages of the channel may have been missed up to now.
        var mayHaveMissed: @Sendable (_ channel: String) -> Void
    }

    private struct Storage {
        var registry = RedisSubscriptionRegistry()
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
        var receiver: Receiver?
        /// The connection and its number in the registry.
        var connection: (RedisConnection, Int)?
    }

    private let configuration: RedisConfiguration
    private let logger: Logger
    private let storage: Mutex<Storage>
    private let link: RedisLink

    /// - Throws: When the authorities for TLS cannot be read.
    init(_ configuration: RedisConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        storage = Mutex(Storage())
        link = try RedisLink(configuration, purpose: "subscriptions", logger: logger)
    }

    var isConnected: Bool { link.isReady }

    func setReceiver(_ receiver: Receiver) {
        storage.withLock { $0.receiver = receiver }
    }

    /// Keeps the connection until the task is cancelled; see ``RedisLink/run(_:isOutageKnown:)``.
    func run(isOutageKnown: @Sendable () -> Bool) async {
        let events = RedisLink.Events(
            connected: { self.connected($0) },
            disconnected: { self.disconnected() },
            pushed: { self.pushed($0) },
            refused: { error in
                self.logger.warning(
                    "Redis refused a subscription", metadata: ["code": "\(error.replyCode ?? "ERR")"])
            })
        await link.run(events, isOutageKnown: isOutageKnown)
    }

    /// Adds a subscriber to a channel. Returns once the server confirmed it; without connection at once, and without
    /// confirmation after the command deadline. In both cases `mayHaveMissed` is called when it is confirmed later.
    func subscribe(to channel: String) async {
        await withCheckedContinuation { continuation in
            let (waiter, connection) = storage.withLock { storage -> (Int?, (RedisConnection, Int)?) in
                storage.lastWaiter += 1
                let waiter = storage.lastWaiter
                let mustWait = storage.registry.retain(channel, waiter: waiter)
                if mustWait { storage.waiters[waiter] = continuation }
                return (mustWait ? waiter : nil, storage.connection)
            }
            guard let waiter, let connection else { return continuation.resume() }
            let loop = connection.0.channel.eventLoop
            loop.execute { self.sendChanges(connection) }
            loop.scheduleTask(in: TimeAmount(configuration.commandDeadline)) { self.giveUp(channel, waiter) }
        }
    }

    /// Takes a subscriber from a channel.
    func unsubscribe(from channel: String) {
        let connection = storage.withLock { storage in
            storage.registry.release(channel)
            return storage.connection
        }
        guard let connection else { return }
        connection.0.channel.eventLoop.execute { self.sendChanges(connection) }
    }

    /// Runs on the connection's event loop and nowhere else: changes reach the server in the order in which they are taken.
    private func sendChanges(_ connection: (RedisConnection, Int)) {
        let changes = storage.withLock { $0.registry.takeChanges(connection: connection.1) }
        for (command, channels) in [("UNSUBSCRIBE", changes.unsubscribe), ("SUBSCRIBE", changes.subscribe)]
        where !channels.isEmpty {
            connection.0.post(RedisCommand(command, channels.map { .text($0) }))
        }
    }

    private func giveUp(_ channel: String, _ waiter: Int) {
        let continuation = storage.withLock { storage -> CheckedContinuation<Void, Never>? in
            guard storage.registry.giveUp(channel, waiter: waiter) else { return nil }
            return storage.waiters.removeValue(forKey: waiter)
        }
        continuation?.resume()
    }

    private func connected(_ connection: RedisConnection) {
        let numbered = storage.withLock { storage in
            let numbered = (connection, storage.registry.connected())
            storage.connection = numbered
            return numbered
        }
        connection.channel.eventLoop.execute { self.sendChanges(numbered) }
    }

    private func disconnected() {
        let continuations = storage.withLock { storage in
            storage.connection = nil
            return storage.registry.disconnected().compactMap { storage.waiters.removeValue(forKey: $0) }
        }
        for continuation in continuations { continuation.resume() }
    }

    private func pushed(_ elements: [RESPValue]) {
        guard elements.count >= 3, let kind = elements[0].text, let channel = elements[1].text else { return }
        switch kind {
        case "message":
            guard case .bulkString(let payload) = elements[2] else { return }
            storage.withLock { $0.receiver }?.message(channel, payload)
        case "subscribe":
            let (continuations, receiver) = storage.withLock { storage in
                let confirmation = storage.registry.confirmed(channel)
                return (
                    confirmation.waiters.compactMap { storage.waiters.removeValue(forKey: $0) },
                    confirmation.mayHaveMissed ? storage.receiver : nil
                )
            }
            receiver?.mayHaveMissed(channel)
            for continuation in continuations { continuation.resume() }
        default: break
        }
    }
}
