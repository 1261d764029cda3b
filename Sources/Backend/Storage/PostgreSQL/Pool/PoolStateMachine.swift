import DequeModule

/// Which connection does which job, which jobs wait, and when connections are opened and closed: a pure state machine. Its
/// events return what is to be done, which the caller does after it has released its lock.
struct PoolStateMachine<Connection: AnyObject, Job: AnyObject> {
    typealias Instant = ContinuousClock.Instant

    struct Limits {
        var kept: Int
        var maximum: Int
        var overflowIdleTime: Duration
        var checkAfterIdle: Duration
        var waitTimeout: Duration
        /// How long a job waits while no connection can be had at all.
        var outagePatience: Duration
        /// A server that begins a process for each should not have to begin all of them at once.
        var connectsAtOnce = 4
        /// Between attempts to reach a server that refuses; doubled each time.
        var firstDelay: Duration = .milliseconds(100)
        var longestDelay: Duration = .seconds(2)
    }

    struct Actions {
        var start: (job: Job, connection: Connection, isCheckNeeded: Bool)?
        var failed: [(job: Job, error: DatabaseError)] = []
        var closed: [Connection] = []
        /// How many connections to open.
        var connects = 0
        /// The last connection has gone after a shutdown.
        var isShutDown = false
    }

    private struct Idle {
        let connection: Connection
        let since: Instant
    }

    private struct Open {
        let connection: Connection
        let expires: Instant
    }

    private struct Waiter {
        let job: Job
        let deadline: Instant
        /// When it is told that there is no connection to be had, if that is so.
        let patience: Instant
    }

    /// Since the last attempt to connect failed.
    private struct Outage {
        var error: DatabaseError
        var attempts: Int
        var nextAttempt: Instant
    }

    private let limits: Limits
    private var open: [ObjectIdentifier: Open] = [:]
    /// The most recently used one last, which is the next to be used: the others may grow old.
    private var idle: [Idle] = []
    private var waiters: Deque<Waiter> = []
    private var connecting = 0
    private var outage: Outage?
    private var isShuttingDown = false

    init(_ limits: Limits) {
        self.limits = limits
    }

    var state: DatabasePoolState {
        DatabasePoolState(open: open.count, inUse: open.count - idle.count, waiting: waiters.count)
    }

    var isInOutage: Bool { outage != nil }

    var connections: [Connection] { open.values.map(\.connection) }

    /// When something is due that no event announces; nil: never.
    func nextDue(_ now: Instant) -> Instant? {
        guard !open.isEmpty || !waiters.isEmpty else { return nil }
        // Age and idleness need no better precision.
        var due = now + .seconds(1)
        if let first = waiters.first { due = min(due, first.deadline) }
        if let outage, connecting == 0, !waiters.isEmpty { due = min(due, max(outage.nextAttempt, now)) }
        return due
    }

    // MARK: Jobs

    /// - Parameter isPatient: False for one that would rather know at once that PostgreSQL cannot be reached.
    mutating func submit(_ job: Job, isPatient: Bool = true, _ now: Instant) -> Actions {
        var actions = Actions()
        guard !isShuttingDown else {
            actions.failed = [(job, DatabaseError(.unavailable, "the database has been closed"))]
            return actions
        }
        while let next = idle.popLast() {
            if isExpired(next.connection, now) {
                remove(next.connection, &actions)
                continue
            }
            actions.start = (job, next.connection, now - next.since >= limits.checkAfterIdle)
            return actions
        }
        if let outage, !isPatient, connecting == 0, now < outage.nextAttempt {
            actions.failed = [(job, outage.error)]
            return actions
        }
        waiters.append(
            Waiter(
                job: job, deadline: now + limits.waitTimeout, patience: isPatient ? now + limits.outagePatience : now))
        connect(&actions, now)
        return actions
    }

    /// Its task was cancelled; true when it was still waiting.
    mutating func remove(_ job: Job) -> Bool {
        guard let index = waiters.firstIndex(where: { $0.job === job }) else { return false }
        waiters.remove(at: index)
        return true
    }

    // MARK: Connections

    mutating func connected(_ connection: Connection, expires: Instant, _ now: Instant) -> Actions {
        connecting -= 1
        outage = nil
        open[ObjectIdentifier(connection)] = Open(connection: connection, expires: expires)
        var actions = finished(connection, isUsable: true, now)
        // Those that were not asked for yet, so as not to begin too many at once.
        connect(&actions, now)
        return actions
    }

    /// - Parameter jitter: Between a half and one.
    mutating func connectFailed(_ failure: ConnectFailure, jitter: Double, _ now: Instant) -> Actions {
        var actions = Actions()
        connecting -= 1
        let attempts = (outage?.attempts ?? 0) + 1
        let delay = min(limits.firstDelay * (1 << min(attempts - 1, 10)), limits.longestDelay) * jitter
        outage = Outage(error: failure.error, attempts: attempts, nextAttempt: now + delay)
        if failure.isPermanent, open.isEmpty {
            actions.failed = waiters.map { ($0.job, failure.error) }
            waiters.removeAll()
        }
        failImpatient(&actions, now)
        actions.isShutDown = isShuttingDown && open.isEmpty && connecting == 0
        return actions
    }

    /// A job on the connection has ended.
    mutating func finished(_ connection: Connection, isUsable: Bool, _ now: Instant) -> Actions {
        var actions = Actions()
        if !isUsable || isShuttingDown || isExpired(connection, now) {
            remove(connection, &actions)
            connect(&actions, now)
        } else if let waiter = waiters.popFirst() {
            actions.start = (waiter.job, connection, false)
        } else {
            idle.append(Idle(connection: connection, since: now))
        }
        return actions
    }

    /// A connection ended while nothing was running on it.
    mutating func lost(_ connection: Connection, _ now: Instant) -> Actions {
        var actions = Actions()
        // Otherwise a job has just been given to it, and finds out itself.
        guard let index = idle.firstIndex(where: { $0.connection === connection }) else { return actions }
        idle.remove(at: index)
        remove(connection, &actions)
        return actions
    }

    /// Does what is due.
    mutating func tick(_ now: Instant) -> Actions {
        var actions = Actions()
        while let first = waiters.first, first.deadline <= now {
            waiters.removeFirst()
            let error = DatabaseError(.poolExhausted, "all connections to PostgreSQL were in use for too long")
            actions.failed.append((first.job, outage?.error ?? error))
        }
        failImpatient(&actions, now)
        for candidate in idle where isExpired(candidate.connection, now) {
            idle.removeAll { $0.connection === candidate.connection }
            remove(candidate.connection, &actions)
        }
        while open.count > limits.kept, let oldest = idle.first, now - oldest.since >= limits.overflowIdleTime {
            idle.removeFirst()
            remove(oldest.connection, &actions)
        }
        connect(&actions, now)
        return actions
    }

    /// Closes what is idle; what is in use is closed when its job ends.
    mutating func shutDown() -> Actions {
        var actions = Actions()
        isShuttingDown = true
        actions.failed = waiters.map { ($0.job, DatabaseError(.unavailable, "the database has been closed")) }
        waiters.removeAll()
        for connection in idle.map(\.connection) {
            idle.removeAll { $0.connection === connection }
            remove(connection, &actions)
        }
        actions.isShutDown = open.isEmpty && connecting == 0
        return actions
    }

    // MARK: Parts

    private func isExpired(_ connection: Connection, _ now: Instant) -> Bool {
        open[ObjectIdentifier(connection)].map { $0.expires <= now } ?? true
    }

    private mutating func remove(_ connection: Connection, _ actions: inout Actions) {
        open[ObjectIdentifier(connection)] = nil
        actions.closed.append(connection)
        actions.isShutDown = isShuttingDown && open.isEmpty && connecting == 0
    }

    /// In an outage without any connection left to wait for.
    private mutating func failImpatient(_ actions: inout Actions, _ now: Instant) {
        guard let outage, open.isEmpty, waiters.contains(where: { $0.patience <= now }) else { return }
        actions.failed += waiters.filter { $0.patience <= now }.map { ($0.job, outage.error) }
        waiters.removeAll { $0.patience <= now }
    }

    /// One connection for each waiting job, within the limits; in an outage one attempt at a time.
    private mutating func connect(_ actions: inout Actions, _ now: Instant) {
        guard !isShuttingDown else { return }
        var wanted = min(
            waiters.count - connecting, limits.maximum - open.count - connecting, limits.connectsAtOnce - connecting)
        if let outage { wanted = connecting > 0 || now < outage.nextAttempt ? 0 : min(wanted, 1) }
        guard wanted > 0 else { return }
        connecting += wanted
        actions.connects = wanted
    }
}
