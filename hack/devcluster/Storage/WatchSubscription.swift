/// A running watch: what was there at its start, then a stream that ends at the deadline, at shutdown, or when its reader
/// fell too far behind.
struct WatchSubscription: Sendable {
    /// The version from which on the stream tells changes.
    let resourceVersion: UInt64
    /// The objects at the start, when the watch asked for them.
    let initial: [StoredObject]
    let messages: WatchMessages
    /// Ends the watch, for a reader that learned of its client's leaving.
    let stop: @Sendable () -> Void
}

/// The store's side of a watch.
struct Watcher: Sendable {
    /// How many changes a reader may lag behind, however small they are. A reader that is slower gets its stream ended and
    /// lists again, which costs less than keeping everything for it.
    static let capacity = 1_000

    let selection: Selection
    /// The version up to which the reader knows everything already.
    var after: UInt64 = 0
    let deadline: ContinuousClock.Instant?
    let continuation: AsyncStream<WatchMessage>.Continuation
    let backlog = WatchBacklog()

    /// Tells a message; false when the reader is gone or too slow.
    func tell(_ message: WatchMessage) -> Bool {
        guard backlog.add(message) else { return false }
        switch continuation.yield(message) {
        case .enqueued: return true
        case .dropped, .terminated: return false
        @unknown default: return false
        }
    }
}
