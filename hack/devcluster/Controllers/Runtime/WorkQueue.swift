import Synchronization

/// Keys to reconcile, each once however often it was asked for: so the queue is never longer than there are objects.
final class WorkQueue: Sendable {
    private let waiting = Mutex<Set<ObjectKey>>([])
    private let timers = Mutex<[ObjectKey: ContinuousClock.Instant]>([:])
    private let continuation: AsyncStream<ObjectKey>.Continuation
    /// The keys in the order in which they were first asked for. One consumer, which calls `begin` for each.
    let keys: AsyncStream<ObjectKey>

    init() {
        (keys, continuation) = AsyncStream.makeStream()
    }

    func add(_ key: ObjectKey) {
        // Yielding under the lock would be safe too, but a consumer resumed by it would at once wait for the lock.
        let isNew = waiting.withLock { $0.insert(key).inserted }
        if isNew { continuation.yield(key) }
    }

    /// Says that work on the key begins: from here on a change queues it again.
    func begin(_ key: ObjectKey) {
        waiting.withLock { _ = $0.remove(key) }
    }

    /// Notes that a key is due at a time.
    /// - Returns: whether that is sooner than it was due before: then somebody has to call `fire` at that time.
    func schedule(_ key: ObjectKey, at due: ContinuousClock.Instant) -> Bool {
        timers.withLock { timers in
            if let existing = timers[key], existing <= due { return false }
            timers[key] = due
            return true
        }
    }

    /// Adds a key that was due at a time.
    func fire(_ key: ObjectKey, dueAt due: ContinuousClock.Instant) {
        timers.withLock { timers in if timers[key] == due { timers[key] = nil } }
        add(key)
    }
}
