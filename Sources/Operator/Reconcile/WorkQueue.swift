import Synchronization

/// Runs a handler for keys, one at a time for each key and many keys at once.
final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private typealias State = WorkQueueState<Key, ContinuousClock.Instant>

    private let state = Mutex(State())
    private let backoff: Backoff
    /// How many handlers may run at once.
    let workers: Int
    private let metrics: WorkQueueMetrics
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(name: String, workers: Int, backoff: Backoff = Backoff()) {
        self.workers = workers
        self.backoff = backoff
        metrics = WorkQueueMetrics(name: name)
        // One wake-up stands for any number: whoever wakes looks at everything.
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks for a key at once, before all that are not urgent.
    func addUrgently(_ key: Key) {
        state.withLock { $0.add(key, .urgent) }
        metrics.added()
        wake.yield()
    }

    /// Asks for a key in a moment, so that many reasons for looking at it become one look.
    func addGathering(_ key: Key) {
        state.withLock { $0.add(key, notBefore: .now + Self.gatheringTime) }
        metrics.added()
        wake.yield()
    }

    /// The objects of one key come back as events within milliseconds of one another.
    private static var gatheringTime: Duration { .milliseconds(50) }

    /// Runs until the task is cancelled; waits then for the runs under way, which see the cancellation.
    func run(_ handle: @escaping @Sendable (Key) async -> ReconcileOutcome) async {
        let clock = ContinuousClock()
        await withDiscardingTaskGroup { group in
            var timer: ContinuousClock.Instant?
            var wakeUps = wakeUps.makeAsyncIterator()
            while !Task.isCancelled {
                while let key = take(now: clock.now) {
                    group.addTask { [self] in
                        let start = clock.now
                        let outcome = await handle(key)
                        metrics.finished(outcome, took: clock.now - start)
                        state.withLock {
                            $0.finish(
                                key, outcome, now: clock.now, backoff: backoff, jitter: Double.random(in: 0...1))
                        }
                        wake.yield()
                    }
                }
                let (due, count) = state.withLock { ($0.nextDue, $0.depth) }
                metrics.waiting(count)
                if let due, timer.map({ due < $0 || $0 <= clock.now }) ?? true {
                    timer = due
                    group.addTask { [wake] in
                        try? await clock.sleep(until: due)  // cancelled: the loop is over as well
                        wake.yield()
                    }
                }
                await wakeUps.next()
            }
        }
    }

    private func take(now: ContinuousClock.Instant) -> Key? {
        state.withLock { state in
            // Also while every worker is busy: else what is due now would wake the loop over and over.
            state.promote(now: now)
            return state.runningCount < workers ? state.take(now: now) : nil
        }
    }
}
