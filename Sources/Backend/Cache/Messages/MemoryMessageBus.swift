import Observability

/// A bus within this process, for a service that runs once.
struct MemoryMessageBus: MessageBus {
    private let hub: MessageHub
    private let metrics: MessageBusMetrics

    init(metrics: MessageBusMetrics) {
        self.metrics = metrics
        hub = MessageHub(metrics: metrics)
    }

    @discardableResult
    func publish(_ message: [UInt8], to channel: BusChannel) async -> Bool {
        metrics.published.increment()
        hub.deliver(.message(message), to: channel)
        return true
    }

    func subscribe(to channel: BusChannel) async -> BusSubscription {
        hub.subscribe(to: channel)
    }
}
