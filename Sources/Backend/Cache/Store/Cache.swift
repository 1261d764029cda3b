/// Copies of what the database holds, for a while.
///
/// ## Guarantees
///
/// - Nothing here throws or waits for long for a lost Redis: what cannot be read is a miss, what cannot be written is not there.
/// - After ``remove(_:)`` has returned, this process does not read the removed value again. Other replicas do not either, but
///   for the bounds that the implementations state.
/// - A value that was read from the database before a removal and is added after it does not come back: a removal keeps the
///   entry's place empty for ``CacheRules/removalHold`` and ``add(_:for:)`` fills only what is neither there nor held.
///
/// ## How to use it
///
/// Read through ``value(for:as:compute:)`` or ``getOrCompute(_:compute:)``, and call ``remove(_:)`` after the database has
/// committed a change. Use ``set(_:for:)`` only for what has no other source.
protocol Cache: Sendable {
    /// The value; nil when there is none, or when it cannot be had.
    func get(_ key: CacheKey) async -> [UInt8]?
    /// Puts a value in place of whatever is there, for the lifetime of the key's kind.
    func set(_ value: [UInt8], for key: CacheKey) async
    /// Puts a value where there is none and none was removed a short while ago.
    func add(_ value: [UInt8], for key: CacheKey) async
    /// Takes a value away.
    func remove(_ key: CacheKey) async

    /// What is being computed for the cache in this process.
    var flights: SingleFlight { get }
}

/// Bounds that both implementations share.
enum CacheRules {
    /// How long an entry's place is kept empty after its removal.
    static let removalHold: Duration = .seconds(10)
    /// A value that took longer than this to compute may be from before a removal that is forgotten, and is not kept. Half of the
    /// hold leaves the rest for the clocks' and the network's part.
    static let computationLimit: Duration = .seconds(5)
    /// Values above this are not kept: they would push out many others, and hold up all commands behind them on the connection.
    static let valueLimit = 1_024 * 1_024
}
