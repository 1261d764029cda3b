import HeapModule

/// Keys that are due later, each once. Pure; the caller passes the time.
struct DelayedKeys<Key: Hashable & Sendable, Instant: InstantProtocol> {
    private struct Due: Comparable {
        let instant: Instant
        let key: Key

        static func < (one: Due, other: Due) -> Bool { one.instant < other.instant }
        static func == (one: Due, other: Due) -> Bool { one.instant == other.instant }
    }

    private var instants: [Key: Instant] = [:]
    /// Holds every instant in `instants`, and some that no longer count.
    private var heap = Heap<Due>()

    /// When the first key is due.
    mutating func next() -> Instant? {
        while let first = heap.min {
            if instants[first.key] == first.instant { return first.instant }
            heap.removeMin()
        }
        return nil
    }

    subscript(_ key: Key) -> Instant? {
        get { instants[key] }
        set {
            guard newValue != instants[key] else { return }
            instants[key] = newValue
            if let newValue { heap.insert(Due(instant: newValue, key: key)) }
        }
    }

    /// Takes a key out that is due by now.
    mutating func popDue(_ now: Instant) -> Key? {
        guard let next = next(), next <= now, let key = heap.popMin()?.key else { return nil }
        instants[key] = nil
        return key
    }
}
