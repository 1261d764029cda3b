import DequeModule

/// What a work queue knows, without time or tasks of its own: every key at most once waiting and at most once running,
/// urgent keys first, failures delayed by their number. Pure; the caller passes the time.
struct WorkQueueState<Key: Hashable & Sendable, Instant: InstantProtocol> where Instant.Duration == Duration {
    enum Urgency { case urgent, normal }

    private var urgent: Deque<Key> = []
    private var normal: Deque<Key> = []
    private var waiting: Set<Key> = []
    private var running: Set<Key> = []
    /// Keys asked for while they run: they run again at once afterwards.
    private var again: Set<Key> = []
    private var delayed = DelayedKeys<Key, Instant>()
    private var failures: [Key: Int] = [:]

    /// Keys that could run now.
    var depth: Int { waiting.count }

    /// Keys that run now.
    var runningCount: Int { running.count }

    /// When the next delayed key is due.
    var nextDue: Instant? {
        mutating get { delayed.next() }
    }

    mutating func add(_ key: Key, _ urgency: Urgency = .normal) {
        if running.contains(key) {
            again.insert(key)
            return
        }
        delayed[key] = nil
        guard waiting.insert(key).inserted else {
            if urgency == .urgent, let index = normal.firstIndex(of: key) {
                normal.remove(at: index)
                urgent.append(key)
            }
            return
        }
        switch urgency {
        case .urgent: urgent.append(key)
        case .normal: normal.append(key)
        }
    }

    /// Asks for a key, but not before then: what asks for it again until then is one with it.
    mutating func add(_ key: Key, notBefore due: Instant) {
        guard !waiting.contains(key) else { return }
        delayed[key] = min(delayed[key] ?? due, due)
    }

    /// Lets delayed keys that are due by now wait for their run like others, so that `nextDue` lies ahead.
    mutating func promote(now: Instant) {
        while let key = delayed.popDue(now) { add(key) }
    }

    /// The key to run next; it counts as running until `finish`.
    mutating func take(now: Instant) -> Key? {
        promote(now: now)
        guard let key = urgent.popFirst() ?? normal.popFirst() else { return nil }
        waiting.remove(key)
        running.insert(key)
        return key
    }

    /// Ends a run. A key that was asked for meanwhile runs again at once, unless it failed: then after its delay.
    mutating func finish(_ key: Key, _ outcome: ReconcileOutcome, now: Instant, backoff: Backoff, jitter: Double) {
        running.remove(key)
        let wasAskedFor = again.remove(key) != nil
        switch outcome {
        case .done:
            failures[key] = nil
            if wasAskedFor { add(key) }
        case .recheck(let delay):
            failures[key] = nil
            if wasAskedFor { add(key) } else { add(key, notBefore: now.advanced(by: delay)) }
        case .failed:
            let count = failures[key, default: 0]
            failures[key] = count + 1
            delayed[key] = now.advanced(by: backoff.delay(afterFailures: count, jitter: jitter))
        }
    }
}

/// What came of one run for one key.
enum ReconcileOutcome: Sendable, Hashable {
    /// Nothing to do until something changes.
    case done
    /// Look again after this time, even if nothing changes.
    case recheck(after: Duration)
    /// Try again, each time later.
    case failed
}

/// Delays that double with each failure up to a bound.
struct Backoff: Sendable {
    var first: Duration = .milliseconds(500)
    var longest: Duration = .seconds(300)

    /// - Parameter jitter: 0…1; takes up to a quarter of the delay away, so that what failed together does not return together.
    func delay(afterFailures count: Int, jitter: Double) -> Duration {
        let doubled = first * (1 << min(count, 20))
        return min(doubled, longest) * (1 - jitter / 4)
    }
}
