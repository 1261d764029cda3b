import Synchronization

/// A cache in this process.
///
/// Other processes' removals do not reach it. Where there are others, entries are therefore kept for
/// ``sharedLifetime`` at most, which bounds how long a replica may show what another one changed.
final class MemoryCache: Cache {
    /// Long enough to spare the database most reads of what is in use, short enough for a person who changed something on
    /// another replica to take for a delay.
    static let sharedLifetime: Duration = .seconds(30)

    private enum Entry: Sendable {
        case value([UInt8])
        /// Removed a short while ago.
        case held
    }

    let flights = SingleFlight()
    private let storage: Mutex<ExpiringLRU<CacheKey, Entry>>
    private let longestLifetime: Duration?
    private let time: ElapsedTime
    private let metrics: CacheMetrics

    /// - Parameters:
    ///   - byteLimit: What keys and values may take together. 32 MiB is a sixteenth of the guide's memory limit.
    ///   - longestLifetime: A bound on the lifetimes of all kinds; nil when no other process changes the data.
    init(
        byteLimit: Int = 32 * 1_024 * 1_024, longestLifetime: Duration?, time: ElapsedTime = .system,
        metrics: CacheMetrics
    ) {
        storage = Mutex(ExpiringLRU(costLimit: byteLimit))
        self.longestLifetime = longestLifetime
        self.time = time
        self.metrics = metrics
        metrics.exposeMemory(
            bytes: { [weak self] in self?.storage.withLock { $0.cost } },
            entries: { [weak self] in self?.storage.withLock { $0.count } },
            evictions: { [weak self] in self?.storage.withLock { $0.evictions } })
    }

    func get(_ key: CacheKey) async -> [UInt8]? {
        let now = time.now()
        let entry = storage.withLock { $0.value(for: key, now: now) }
        guard case .value(let value) = entry else {
            metrics.record(.miss, key.kind)
            return nil
        }
        metrics.record(.hit, key.kind)
        return value
    }

    func set(_ value: [UInt8], for key: CacheKey) async {
        let now = time.now()
        storage.withLock { put(value, key, now, &$0) }
    }

    func add(_ value: [UInt8], for key: CacheKey) async {
        let now = time.now()
        storage.withLock { entries in
            guard entries.value(for: key, now: now) == nil else { return }
            put(value, key, now, &entries)
        }
    }

    func remove(_ key: CacheKey) async {
        flights.forget(key)
        let expiry = time.now() + CacheRules.removalHold
        storage.withLock { $0.set(.held, for: key, cost: Self.cost(key, []), expiry: expiry) }
    }

    private func put(_ value: [UInt8], _ key: CacheKey, _ now: Duration, _ entries: inout ExpiringLRU<CacheKey, Entry>)
    {
        guard value.count <= CacheRules.valueLimit else { return entries.remove(key) }
        let lifetime = longestLifetime.map { min($0, key.kind.lifetime) } ?? key.kind.lifetime
        entries.set(.value(value), for: key, cost: Self.cost(key, value), expiry: now + lifetime)
    }

    private static func cost(_ key: CacheKey, _ value: [UInt8]) -> Int {
        // About what the dictionary, the list and the arrays' heads take.
        key.identifier.utf8.count + value.count + 192
    }
}
