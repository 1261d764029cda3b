import Observability

/// A bus over Redis channels.
///
/// Subscribers in this process are served directly. On the wire, a message follows 16 bytes that name the process it is from, by
/// which it leaves out its own when Redis sends them back.
struct RedisMessageBus: MessageBus {
    private let client: RedisClient
    private let hub: MessageHub
    private let metrics: MessageBusMetrics
    private let origin: [UInt8]
    private let prefix: String

    /// - Parameter database: The number of the database. Redis keeps channels apart from databases; their names do it here, so
    ///   that two services on one Redis do not hear each other.
    init(_ client: RedisClient, database: Int, metrics: MessageBusMetrics) {
        self.client = client
        self.metrics = metrics
        hub = MessageHub(metrics: metrics)
        var generator = SystemRandomNumberGenerator()
        origin = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        prefix = "cb:bus:\(database):"
        client.pubSub.setReceiver(
            RedisPubSub.Receiver(
                message: { [prefix, origin, hub, metrics] name, payload in
                    guard name.hasPrefix(prefix), payload.count >= origin.count, !payload.starts(with: origin) else {
                        return
                    }
                    metrics.received.increment()
                    hub.deliver(
                        .message(Array(payload.dropFirst(origin.count))),
                        to: BusChannel(String(name.dropFirst(prefix.count))))
                },
                mayHaveMissed: { [prefix, hub] name in
                    hub.deliver(.reconnected, to: BusChannel(String(name.dropFirst(prefix.count))))
                }))
    }

    @discardableResult
    func publish(_ message: [UInt8], to channel: BusChannel) async -> Bool {
        metrics.published.increment()
        hub.deliver(.message(message), to: channel)
        do {
            _ = try await client.send(
                RedisCommand("PUBLISH", [.text(prefix + channel.name), .bytes(origin + message)]))
            return true
        } catch {
            metrics.failures.increment()
            return false
        }
    }

    func subscribe(to channel: BusChannel) async -> BusSubscription {
        let name = prefix + channel.name
        let subscription = hub.subscribe(to: channel) { [client] in client.pubSub.unsubscribe(from: name) }
        await client.pubSub.subscribe(to: name)
        return subscription
    }
}
