/// What replicas tell each other: that a generation is to stop, that a stream goes on, that something changed.
///
/// ## Guarantees
///
/// - Subscribers in this process get a message before ``publish(_:to:)`` returns, whatever becomes of Redis.
/// - Each subscriber gets a publisher's messages in their order, each at most once.
/// - What a subscriber may have missed is told to it: ``BusEvent/lagged`` and ``BusEvent/reconnected``.
///
/// ## Caveats
///
/// Messages are hints, not records: nothing is kept for those who subscribe later or are away. What must not be lost is in the
/// database first, and a message says to look there.
protocol MessageBus: Sendable {
    /// Sends a message to all subscribers of a channel, on all replicas. Waits for Redis for the command deadline at most.
    /// - Returns: Whether other replicas will get it, as far as is known. Always true where there are none.
    @discardableResult
    func publish(_ message: [UInt8], to channel: BusChannel) async -> Bool

    /// Subscribes. Once this returns, messages published anywhere from now on arrive, or their loss is told: read the state
    /// from the database after it, then follow.
    func subscribe(to channel: BusChannel) async -> BusSubscription
}

/// Where messages go.
struct BusChannel: Sendable, Hashable {
    let name: String

    init(_ name: String) {
        self.name = name
    }
}

/// What a subscriber gets.
enum BusEvent: Sendable, Equatable {
    case message([UInt8])
    /// The subscriber was too slow, and messages before the next one were dropped: read the state anew.
    case lagged
    /// Other replicas' messages may not have arrived for a while, and do again: read the state anew.
    case reconnected
}
