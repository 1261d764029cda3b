import DequeModule

/// One lane of the request budget: how many of its transfers run, and which wait for a place. Pure state.
struct LaneQueue {
    let limit: Int
    private(set) var running = 0
    private var waiting: Deque<Transfer> = []
    /// No waiting transfer's deadline is earlier; so that they need not be searched at every turn.
    private(set) var earliestDeadline: ContinuousClock.Instant?

    init(limit: Int) {
        self.limit = limit
    }

    var depth: Int { waiting.count }

    /// A transfer wants to run: true when it may now, false when it waits.
    mutating func enter(_ transfer: Transfer) -> Bool {
        if running < limit {
            running += 1
            return true
        }
        waiting.append(transfer)
        if let deadline = transfer.request.deadline { earliestDeadline = min(earliestDeadline ?? deadline, deadline) }
        return false
    }

    /// A transfer that ran has ended.
    mutating func leave() { running -= 1 }

    /// The transfer whose turn it is.
    mutating func next() -> Transfer? {
        guard running < limit, let transfer = waiting.popFirst() else { return nil }
        running += 1
        return transfer
    }

    /// Takes a waiting transfer out; false when it does not wait here.
    mutating func remove(_ transfer: Transfer) -> Bool {
        guard let index = waiting.firstIndex(where: { $0 === transfer }) else { return false }
        waiting.remove(at: index)
        return true
    }

    /// Takes out those whose time was up before their turn came.
    mutating func expired(at now: ContinuousClock.Instant) -> [Transfer] {
        guard let earliest = earliestDeadline, earliest <= now else { return [] }
        let late = Array(waiting).filter { $0.request.deadline.map { $0 <= now } == true }
        if !late.isEmpty { waiting.removeAll { transfer in late.contains { $0 === transfer } } }
        earliestDeadline = waiting.lazy.compactMap(\.request.deadline).min()
        return late
    }

    mutating func removeAll() -> [Transfer] {
        defer { waiting = [] }
        return Array(waiting)
    }
}
