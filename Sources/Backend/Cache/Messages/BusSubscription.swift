import DequeModule
import Synchronization

/// A subscription's events, for one task at a time. Ends with ``cancel()``, with the task, and when nobody holds it any more.
final class BusSubscription: AsyncSequence, Sendable {
    typealias Element = BusEvent
    typealias Failure = Never

    private let mailbox: BusMailbox
    private let onEnd: @Sendable () -> Void

    init(_ mailbox: BusMailbox, onEnd: @escaping @Sendable () -> Void) {
        self.mailbox = mailbox
        self.onEnd = onEnd
    }

    deinit { cancel() }

    /// Ends the subscription: its iteration ends once, without what was not read yet.
    func cancel() {
        if mailbox.close() { onEnd() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    struct Iterator: AsyncIteratorProtocol {
        // Holds the subscription for as long as it is read.
        let subscription: BusSubscription

        mutating func next() async -> BusEvent? { await subscription.mailbox.next() }

        mutating func next(isolation actor: isolated (any Actor)?) async -> BusEvent? {
            await subscription.mailbox.next()
        }
    }
}

/// Events that a subscriber has not read yet, bounded: when they become too many they are dropped for one
/// ``BusEvent/lagged``, and what comes after it is kept again.
final class BusMailbox: Sendable {
    /// What a slow reader may leave lying. 256 frames of a stream are some seconds of it.
    static let messageLimit = 256
    static let byteLimit = 1_024 * 1_024

    private struct Storage {
        var events: Deque<BusEvent> = []
        var bytes = 0
        var isClosed = false
        var reader: CheckedContinuation<BusEvent?, Never>?
        /// Tells a reader from one that was cancelled before it.
        var readerNumber = 0
    }

    private let storage = Mutex(Storage())

    /// Puts an event in.
    /// - Returns: Whether others had to be dropped for it.
    func put(_ event: BusEvent) -> Bool {
        let (reader, hasDropped) = storage.withLock { storage -> (CheckedContinuation<BusEvent?, Never>?, Bool) in
            guard !storage.isClosed else { return (nil, false) }
            if let reader = storage.reader.take() { return (reader, false) }
            // Two of these in a row say no more than one.
            if event != .lagged, event != .reconnected || storage.events.last != .reconnected {
                storage.events.append(event)
                if case .message(let bytes) = event { storage.bytes += bytes.count }
            }
            guard storage.events.count > Self.messageLimit || storage.bytes > Self.byteLimit else {
                return (nil, false)
            }
            storage.events = [.lagged]
            storage.bytes = 0
            return (nil, true)
        }
        reader?.resume(returning: event)
        return hasDropped
    }

    /// - Returns: False when it was closed already.
    func close() -> Bool {
        let (reader, isFirst) = storage.withLock { storage in
            defer {
                storage.isClosed = true
                storage.events = []
            }
            return (storage.reader.take(), !storage.isClosed)
        }
        reader?.resume(returning: nil)
        return isFirst
    }

    /// The next event; nil once closed, when the task is cancelled, and for a second reader beside one that waits.
    func next() async -> BusEvent? {
        let number = storage.withLock { storage in
            storage.readerNumber += 1
            return storage.readerNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<BusEvent?, Never>) in
                let ready = storage.withLock { storage -> BusEvent?? in
                    if storage.isClosed || Task.isCancelled || storage.reader != nil { return .some(nil) }
                    if let event = storage.events.popFirst() {
                        if case .message(let bytes) = event { storage.bytes -= bytes.count }
                        return event
                    }
                    storage.reader = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let reader = storage.withLock { storage in
                storage.readerNumber == number ? storage.reader.take() : nil
            }
            reader?.resume(returning: nil)
        }
    }
}
