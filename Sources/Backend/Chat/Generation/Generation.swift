import FoundationEssentials
import Synchronization

/// An answer while it is generated on this replica: its text so far, and whoever waits for more of it.
///
/// Readers keep their own place in the text and ask for what comes after it, so that a slow one costs nothing but its place.
final class Generation: Sendable {
    /// Why an answer ends before its end.
    enum Cause: String, Sendable {
        case stopped, disconnected, shutdown
        /// It got as long as answers may get.
        case length
        /// Its message is finished or deleted already: by another replica, which took this one for dead, or by its user.
        case lost
    }

    /// How it ended.
    enum End: Sendable {
        case stored(Message)
        /// Its conversation was deleted.
        case deleted
    }

    /// What a reader gets.
    enum Step: Sendable {
        /// UTF-8 text from `offset` on.
        case text(offset: Int, [UInt8])
        case ended(End)
        /// Nothing happened for a while.
        case idle
        /// The reader was cancelled.
        case cancelled
    }

    /// Text that is not in the database yet.
    struct Unsaved: Sendable {
        let offset: Int
        let text: String
        let end: Int
    }

    private struct Storage {
        var text: [UInt8] = []
        var savedBytes = 0
        var leaseExpiresAt: Timestamp
        var cause: Cause?
        var end: End?
        var cancel: (@Sendable () -> Void)?
        var readers = 0
        /// Counts readers' comings and goings, so that a timer can tell whether anything happened since it was set.
        var readerChanges = 0
        var waiters: [ObjectIdentifier: CheckedContinuation<Void, Never>] = [:]
        var isPublishing = false
        var followedUntil = Timestamp(microseconds: 0)
    }

    /// As it was when the answer began.
    let message: Message
    let caller: Caller
    private let maximumBytes: Int
    private let storage: Mutex<Storage>

    init(message: Message, caller: Caller, maximumBytes: Int) {
        self.message = message
        self.caller = caller
        self.maximumBytes = maximumBytes
        storage = Mutex(Storage(leaseExpiresAt: message.leaseExpiresAt ?? .now))
    }

    var id: UUID { message.id }

    // MARK: The model's side

    /// What became of a piece of text.
    enum Addition {
        case first, further, none
    }

    /// Adds text; none once the answer was told to end.
    @discardableResult
    func append(_ text: String) -> Addition {
        guard !text.isEmpty else { return .none }
        // PostgreSQL's text cannot hold NUL.
        let text = text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
        let addition = storage.withLock { storage -> Addition? in
            guard storage.cause == nil, storage.end == nil else { return Addition.none }
            guard storage.text.count + text.utf8.count <= maximumBytes else { return nil }
            defer { storage.text.append(contentsOf: text.utf8) }
            return storage.text.isEmpty ? .first : .further
        }
        guard let addition else {
            end(because: .length)
            return .none
        }
        wake()
        return addition
    }

    /// Sets what stops the model; it is called at once when the answer was told to end already.
    func onCancel(_ cancel: @escaping @Sendable () -> Void) {
        let isEnding = storage.withLock { storage in
            storage.cancel = cancel
            return storage.cause != nil
        }
        if isEnding { cancel() }
    }

    /// Tells the answer to end. The first cause counts.
    func end(because cause: Cause) {
        let cancel = storage.withLock { storage -> (@Sendable () -> Void)? in
            guard storage.cause == nil, storage.end == nil else { return nil }
            storage.cause = cause
            return storage.cancel
        }
        cancel?()
    }

    /// What it was told to end for.
    var cause: Cause? { storage.withLock { $0.cause } }

    var text: String { storage.withLock { String(decoding: $0.text, as: UTF8.self) } }

    /// Tells readers the end; what is not read yet is read before it.
    func finish(_ end: End) {
        storage.withLock { storage in
            storage.end = end
            storage.cancel = nil
        }
        wake()
    }

    var end: End? { storage.withLock { $0.end } }

    // MARK: The database's side

    /// What is to be saved now; nil when all is.
    func unsaved() -> Unsaved? {
        storage.withLock { storage in
            guard storage.end == nil, storage.savedBytes < storage.text.count else { return nil }
            return Unsaved(
                offset: storage.savedBytes, text: String(decoding: storage.text[storage.savedBytes...], as: UTF8.self),
                end: storage.text.count)
        }
    }

    func saved(upTo end: Int) {
        storage.withLock { $0.savedBytes = max($0.savedBytes, end) }
    }

    var savedBytes: Int { storage.withLock { $0.savedBytes } }

    var leaseExpiresAt: Timestamp { storage.withLock { $0.leaseExpiresAt } }

    func renewed(until time: Timestamp) {
        storage.withLock { $0.leaseExpiresAt = time }
    }

    // MARK: The readers' side

    /// Counts a reader in.
    func attach() {
        storage.withLock { storage in
            storage.readers += 1
            storage.readerChanges += 1
        }
    }

    /// Counts a reader out.
    /// - Returns: The number of this change when nobody is left.
    func detach() -> Int? {
        storage.withLock { storage in
            storage.readers -= 1
            storage.readerChanges += 1
            return storage.readers == 0 && storage.end == nil ? storage.readerChanges : nil
        }
    }

    /// Whether nobody came since the change of this number.
    func isUnread(since change: Int) -> Bool {
        storage.withLock { $0.readers == 0 && $0.readerChanges == change && $0.end == nil }
    }

    /// What there is after `offset`.
    /// - Parameters:
    ///   - reader: Who asks; ``wake(_:)`` wakes it.
    ///   - isCancelled: Whether it does not want to know any more.
    /// - Returns: Nil when it was woken for nothing.
    func next(
        after offset: Int, for reader: AnyObject, isCancelled: @Sendable () -> Bool
    ) async -> Step? {
        let ready = step(after: offset)
        if let ready { return ready }
        let key = ObjectIdentifier(reader)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isReady = storage.withLock { storage in
                // Asked under the lock: whoever cancels later finds the waiter.
                if storage.text.count > offset || storage.end != nil || isCancelled() { return true }
                storage.waiters[key] = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
        return step(after: offset)
    }

    private func step(after offset: Int) -> Step? {
        storage.withLock { storage in
            if storage.text.count > offset { return .text(offset: offset, Array(storage.text[offset...])) }
            return storage.end.map(Step.ended)
        }
    }

    /// Wakes whoever waits.
    func wake() {
        let waiters = storage.withLock { storage in
            defer { storage.waiters = [:] }
            return storage.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Wakes one reader.
    func wake(_ reader: AnyObject) {
        let waiter = storage.withLock { $0.waiters.removeValue(forKey: ObjectIdentifier(reader)) }
        waiter?.resume()
    }

    /// Whether `offset` is between two characters of the text, as far as it goes.
    func isBoundary(_ offset: Int) -> Bool {
        storage.withLock { storage in
            offset >= storage.text.count || storage.text[offset] & 0xC0 != 0x80
        }
    }

    // MARK: Other replicas

    /// Notes that a client of another replica reads along.
    /// - Returns: Whether its text is not being published yet: the caller then begins.
    func follow(until time: Timestamp) -> Bool {
        storage.withLock { storage in
            storage.followedUntil = max(storage.followedUntil, time)
            guard !storage.isPublishing, storage.end == nil else { return false }
            storage.isPublishing = true
            return true
        }
    }

    /// Ends the publishing when nobody follows any more.
    func stopPublishing(at now: Timestamp) -> Bool {
        storage.withLock { storage in
            guard storage.followedUntil < now else { return false }
            storage.isPublishing = false
            return true
        }
    }

    var followedUntil: Timestamp { storage.withLock { $0.followedUntil } }
}
