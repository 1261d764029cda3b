/// Entries that expire, bounded by the sum of their costs: what was not used for longest goes first.
///
/// A doubly linked list in an array, newest first, with a dictionary into it: every operation takes the same short time however
/// many entries there are.
struct ExpiringLRU<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Node: Sendable {
        var key: Key
        var value: Value
        var cost: Int
        var expiry: Duration
        var newer: Int?
        var older: Int?
    }

    private let costLimit: Int
    private var nodes: [Node?] = []
    private var free: [Int] = []
    private var indices: [Key: Int] = [:]
    private var newest: Int?
    private var oldest: Int?
    private(set) var cost = 0
    /// How many entries had to go before their time.
    private(set) var evictions = 0

    init(costLimit: Int) {
        self.costLimit = costLimit
    }

    var count: Int { indices.count }

    /// The value, which counts as used now.
    /// - Parameter now: The time, on the scale of the expiries.
    mutating func value(for key: Key, now: Duration) -> Value? {
        guard let index = indices[key], let node = nodes[index] else { return nil }
        guard node.expiry > now else {
            remove(key)
            return nil
        }
        unlink(index)
        linkNewest(index)
        return node.value
    }

    /// Puts a value in place of whatever is there. One that costs more than the limit is not kept.
    mutating func set(_ value: Value, for key: Key, cost: Int, expiry: Duration) {
        remove(key)
        guard cost <= costLimit else { return }
        while self.cost + cost > costLimit, let oldest, let node = nodes[oldest] {
            remove(node.key)
            evictions += 1
        }
        let node = Node(key: key, value: value, cost: cost, expiry: expiry)
        let index: Int
        if let reused = free.popLast() {
            index = reused
            nodes[index] = node
        } else {
            index = nodes.count
            nodes.append(node)
        }
        indices[key] = index
        self.cost += cost
        linkNewest(index)
    }

    mutating func remove(_ key: Key) {
        guard let index = indices.removeValue(forKey: key), let node = nodes[index] else { return }
        unlink(index)
        nodes[index] = nil
        free.append(index)
        cost -= node.cost
    }

    private mutating func unlink(_ index: Int) {
        guard let node = nodes[index] else { return }
        if let newer = node.newer { nodes[newer]?.older = node.older } else { newest = node.older }
        if let older = node.older { nodes[older]?.newer = node.newer } else { oldest = node.newer }
    }

    private mutating func linkNewest(_ index: Int) {
        nodes[index]?.newer = nil
        nodes[index]?.older = newest
        if let newest { nodes[newest]?.newer = index } else { oldest = index }
        newest = index
    }
}
