import Synchronization

/// What a watch is told, in order.
enum WatchMessage: Sendable {
    case event(StoredEvent)
    /// Everything up to this version has been told.
    case bookmark(UInt64)

    /// About how much memory the message holds that nothing else may hold any more.
    fileprivate var bytes: Int {
        switch self {
        case .event(let event): event.object.bytes.count + 256
        case .bookmark: 64
        }
    }
}

/// How much a reader has still to read, as its writer sees it.
final class WatchBacklog: Sendable {
    /// What a reader may leave unread: somewhat more than the whole history, with which a watch may begin. One event is
    /// always taken, however large it is.
    static let maximumBytes = ClusterStore.historyBytes + (1 << 20)

    private let bytes = Atomic<Int>(0)

    /// Takes a message in; false when it is too much.
    func add(_ message: WatchMessage) -> Bool {
        let unread = bytes.load(ordering: .relaxed)
        guard unread == 0 || unread + message.bytes <= Self.maximumBytes else { return false }
        bytes.add(message.bytes, ordering: .relaxed)
        return true
    }

    fileprivate func remove(_ message: WatchMessage) { bytes.subtract(message.bytes, ordering: .relaxed) }
}

/// The messages of one watch, which end when the watch does or when its reader fell too far behind.
struct WatchMessages: AsyncSequence, Sendable {
    typealias Element = WatchMessage
    typealias Failure = Never

    let stream: AsyncStream<WatchMessage>
    let backlog: WatchBacklog

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: AsyncStream<WatchMessage>.Iterator
        fileprivate let backlog: WatchBacklog

        mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> WatchMessage? {
            let message = await base.next(isolation: actor)
            if let message { backlog.remove(message) }
            return message
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(base: stream.makeAsyncIterator(), backlog: backlog) }
}
