import Synchronization

/// Limits in this process.
///
/// Made for the path of every request: no task switches, and keys are spread over shards, each with its own lock. A call with
/// several charges takes one lock after the other and gives back what it charged if a later one is refused; so it never allows
/// too much, and a request beside it can at worst be refused for what is given back a moment later, which takes that the limits
/// were exhausted anyway.
final class MemoryRateLimiter: RateLimiter {
    /// The moments of some keys, bounded: when a new key finds no room, the one of a few whose limit is free again the soonest
    /// goes, which forgets least. The few are the next ones in turn, so no search is long.
    private struct Shard {
        private var indices: [String: Int] = [:]
        private var keys: [String] = []
        private var moments: [Double] = []
        private var turn = 0

        var count: Int { keys.count }

        func moment(of key: String) -> Double? { indices[key].map { moments[$0] } }

        mutating func set(_ moment: Double, for key: String, limit: Int) {
            if let index = indices[key] {
                moments[index] = moment
            } else if keys.count < limit {
                indices[key] = keys.count
                keys.append(key)
                moments.append(moment)
            } else {
                let index = victim()
                indices[keys[index]] = nil
                indices[key] = index
                keys[index] = key
                moments[index] = moment
            }
        }

        private mutating func victim() -> Int {
            var best = turn % keys.count
            for step in 1..<8 {
                let index = (turn + step) % keys.count
                if moments[index] < moments[best] { best = index }
            }
            turn = (turn + 8) % keys.count
            return best
        }
    }

    /// A mutex cannot be moved, so an array holds boxes.
    private final class Box: Sendable {
        let shard = Mutex(Shard())
    }

    private let boxes: [Box]
    private let shardLimit: Int
    private let time: ElapsedTime

    /// - Parameter keyLimit: How many keys are remembered: a few for each user active within a period, some 100 bytes each.
    init(keyLimit: Int = 131_072, time: ElapsedTime = .system) {
        // More shards than cores: two requests seldom want the same.
        boxes = (0..<64).map { _ in Box() }
        shardLimit = max(1, keyLimit / boxes.count)
        self.time = time
    }

    /// How many keys are remembered.
    var keyCount: Int { boxes.reduce(0) { $0 + $1.shard.withLock { $0.count } } }

    func take(_ charges: [RateLimitCharge]) async -> RateLimitOutcome { takeNow(charges) }

    func adjust(_ key: String, by delta: Int, limit: RateLimit) async { adjustNow(key, by: delta, limit: limit) }

    /// ``take(_:)``, for callers that cannot wait.
    func takeNow(_ charges: [RateLimitCharge]) -> RateLimitOutcome {
        let now = time.now().microsecondCount
        var outcome = RateLimitOutcome(decisions: [])
        outcome.decisions.reserveCapacity(charges.count)
        for charge in charges { outcome.decisions.append(take(charge, now)) }
        guard !outcome.isAllowed else { return outcome }
        for (index, charge) in charges.enumerated() where outcome.decisions[index].isAllowed && charge.cost > 0 {
            let ahead = adjustNow(charge.key, by: -charge.cost, limit: charge.limit)
            outcome.decisions[index] = CellRate.decision(charge, isAllowed: true, ahead: ahead)
        }
        return outcome
    }

    private func take(_ charge: RateLimitCharge, _ now: Double) -> RateLimitDecision {
        let (isAllowed, full) = box(charge.key).shard.withLock { shard in
            let full = shard.moment(of: charge.key) ?? now
            guard let next = CellRate.charge(full: full, now: now, cost: charge.cost, limit: charge.limit) else {
                return (false, full)
            }
            if charge.cost > 0 { shard.set(next, for: charge.key, limit: shardLimit) }
            return (true, next)
        }
        return CellRate.decision(charge, isAllowed: isAllowed, ahead: full - now)
    }

    /// - Returns: How far ahead the key's moment lies then.
    @discardableResult
    private func adjustNow(_ key: String, by delta: Int, limit: RateLimit) -> Double {
        let now = time.now().microsecondCount
        return box(key).shard.withLock { shard in
            let next = CellRate.adjusted(full: shard.moment(of: key) ?? now, now: now, by: delta, limit: limit)
            shard.set(next, for: key, limit: shardLimit)
            return next - now
        }
    }

    private func box(_ key: String) -> Box {
        boxes[Int(UInt(bitPattern: key.hashValue) % UInt(boxes.count))]
    }
}
