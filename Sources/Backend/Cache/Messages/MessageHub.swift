import Observability
import Synchronization

/// The subscribers in this process.
final class MessageHub: Sendable {
    private struct Storage {
        var mailboxes: [BusChannel: [Int: BusMailbox]] = [:]
        var last = 0
    }

    private let storage = Mutex(Storage())
    private let metrics: MessageBusMetrics

    init(metrics: MessageBusMetrics) {
        self.metrics = metrics
    }

    /// - Parameter onEnd: Called once when the subscription has ended.
    func subscribe(to channel: BusChannel, onEnd: @escaping @Sendable () -> Void = {}) -> BusSubscription {
        let mailbox = BusMailbox()
        let number = storage.withLock { storage in
            storage.last += 1
            storage.mailboxes[channel, default: [:]][storage.last] = mailbox
            return storage.last
        }
        metrics.subscribers.increment()
        return BusSubscription(mailbox) { [self] in
            storage.withLock { storage in
                storage.mailboxes[channel]?[number] = nil
                if storage.mailboxes[channel]?.isEmpty == true { storage.mailboxes[channel] = nil }
            }
            metrics.subscribers.decrement()
            onEnd()
        }
    }

    func deliver(_ event: BusEvent, to channel: BusChannel) {
        guard let mailboxes = storage.withLock({ $0.mailboxes[channel]?.values }) else { return }
        for mailbox in mailboxes where mailbox.put(event) { metrics.lags.increment() }
    }
}
