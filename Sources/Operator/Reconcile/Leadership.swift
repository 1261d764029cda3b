import Metrics

/// Whether this process leads, as its election reports it.
struct Leadership: Sendable {
    let changes: AsyncStream<Bool>
    private let report: AsyncStream<Bool>.Continuation

    init() {
        // Only the latest matters: a lead won and lost before anybody looked is no lead.
        (changes, report) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// controller-runtime's name for it.
    private let isMaster = Gauge(
        label: "leader_election_master_status", dimensions: [("name", "chatbackend-operator")])

    func began() {
        isMaster.record(1)
        report.yield(true)
    }

    func ended() {
        isMaster.record(0)
        report.yield(false)
    }

    /// Waits for the lead, then runs `work` until it ends or the lead is lost.
    /// - Returns: Whether the lead was lost; false also when the task is cancelled.
    func whileLeading(_ work: @escaping @Sendable () async -> Void) async -> Bool {
        var changes = changes.makeAsyncIterator()
        while let leads = await changes.next(), !leads {}
        if Task.isCancelled { return false }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await work()
                return false
            }
            group.addTask { [changes = self.changes] in
                for await leads in changes where !leads { return !Task.isCancelled }
                return false
            }
            let wasLost = await group.next() ?? false
            group.cancelAll()
            return wasLost
        }
    }
}

/// Another replica may lead: this one ends, to be started anew by whatever runs it.
struct LeadershipLost: Error, CustomStringConvertible {
    var description: String { "the Lease was lost or could not be renewed in time; ending, to start anew" }
}
