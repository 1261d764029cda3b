import Logging
import Synchronization

/// The connections to one PostgreSQL, and the jobs that wait for them.
///
/// A job is handed to a connection by whichever thread learns that both are there: the task that asks, or the poller's thread
/// when another job has ended. So no task holds a connection, and a busy connection goes from one batch to the next without
/// waiting for a task to be scheduled.
final class PostgreSQLPool: Sendable {
    private typealias Machine = PoolStateMachine<PostgreSQLConnection, BatchJob>

    private struct Storage {
        var machine: Machine
        var shutDownWaiters: [CheckedContinuation<Void, Never>] = []
        var isShutDown = false
        var serverVersion: Int?
        /// When the poller comes back by itself.
        var nextTurn: ContinuousClock.Instant?
    }

    private let settings: PostgreSQLSettings
    private let logger: Logger
    private let poller: SocketPoller
    private let now: @Sendable () -> ContinuousClock.Instant
    private let storage: Mutex<Storage>
    private let isStopping = Atomic(false)

    /// - Parameter now: What time it is for the pool's deadlines and ages.
    init(
        _ settings: PostgreSQLSettings, _ logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant
    ) throws(DatabaseError) {
        self.settings = settings
        self.logger = logger
        self.now = now
        poller = try SocketPoller()
        storage = Mutex(
            Storage(
                machine: Machine(
                    Machine.Limits(
                        kept: settings.keptConnections, maximum: settings.maximumConnections,
                        overflowIdleTime: settings.overflowIdleTime, checkAfterIdle: settings.checkAfterIdle,
                        waitTimeout: settings.waitTimeout, outagePatience: settings.outagePatience))))
        poller.start { [weak self] in self?.turn() }
    }

    deinit { poller.stop() }

    var state: DatabasePoolState { storage.withLock { $0.machine.state } }

    /// Of the server last connected to, as libpq counts: 150018 is 15.18.
    var serverVersion: Int? { storage.withLock { $0.serverVersion } }

    /// Carries a job out.
    func run(_ job: BatchJob, isPatient: Bool = true) async throws -> [SQLResult] {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                job.expect(continuation)
                guard !job.isCancelled else { return job.finish(.failure(CancellationError())) }
                submit(job, isPatient: isPatient)
            }
        } onCancel: {
            cancel(job)
        }
    }

    private func submit(_ job: BatchJob, isPatient: Bool) {
        let time = now()
        let (actions, isWakeNeeded) = storage.withLock { storage in
            let actions = storage.machine.submit(job, isPatient: isPatient, time)
            guard actions.start == nil, let due = storage.machine.nextDue(time) else { return (actions, false) }
            return (actions, storage.nextTurn.map { due < $0 } ?? true)
        }
        if isWakeNeeded { poller.wake() }
        perform(actions)
    }

    private func cancel(_ job: BatchJob) {
        let connection = job.cancel()
        if let connection { return connection.cancel(job) }
        // Between waiting and being assigned, whoever assigns it finds out.
        if storage.withLock({ $0.machine.remove(job) }) { job.finish(.failure(CancellationError())) }
    }

    // MARK: Life

    /// Closes what is idle now and the rest when its batch ends; returns once all are closed.
    func shutDown() async {
        isStopping.store(true, ordering: .relaxed)
        await withCheckedContinuation { continuation in
            let (actions, isDone) = storage.withLock { storage in
                let actions = storage.machine.shutDown()
                let isDone = storage.isShutDown || actions.isShutDown
                if !isDone { storage.shutDownWaiters.append(continuation) }
                return (actions, isDone)
            }
            perform(actions)
            if isDone { continuation.resume() }
        }
        poller.stop()
    }

    /// Breaks off what is running.
    func abandon() {
        for connection in storage.withLock({ $0.machine.connections }) { connection.abandon() }
    }

    /// The poller's thread comes by.
    private func turn() -> Duration? {
        maintain()
        let time = now()
        return storage.withLock { storage in
            storage.nextTurn = storage.machine.nextDue(time)
            return storage.nextTurn.map { $0 - time }
        }
    }

    /// Does what is due.
    func maintain() {
        let time = now()
        let (actions, connections) = storage.withLock { storage -> (Machine.Actions?, [PostgreSQLConnection]) in
            // Every answer brings the thread by; that is not yet a reason to look at everything.
            if let next = storage.nextTurn, time < next { return (nil, []) }
            return (storage.machine.tick(time), storage.machine.connections)
        }
        guard let actions else { return }
        perform(actions)
        let real = ContinuousClock.now
        for connection in connections { connection.sweep(real) }
    }

    // MARK: Effects

    private func perform(_ first: Machine.Actions) {
        var pending = [first]
        while let actions = pending.popLast() {
            for connection in actions.closed { connection.close() }
            for (job, error) in actions.failed { job.finish(.failure(error)) }
            for _ in 0..<actions.connects { connect() }
            if actions.isShutDown { finishShutDown() }
            guard let (job, connection, isCheckNeeded) = actions.start else { continue }
            if !job.assign(connection) {
                job.finish(.failure(CancellationError()))
                pending.append(release(connection))
            } else if let ending = connection.start(job, isCheckNeeded: isCheckNeeded) {
                pending.append(release(connection))
                pending += settle(job, ending)
            }
        }
    }

    private func ended(_ connection: PostgreSQLConnection, _ job: BatchJob, _ ending: PostgreSQLConnection.Ending) {
        let actions = release(connection)
        let more = settle(job, ending)
        perform(actions)
        for actions in more { perform(actions) }
    }

    private func release(_ connection: PostgreSQLConnection) -> Machine.Actions {
        let isUsable = connection.isUsable
        return storage.withLock { $0.machine.finished(connection, isUsable: isUsable, now()) }
    }

    /// Tells the task how its job ended, or has the job done once more.
    private func settle(_ job: BatchJob, _ ending: PostgreSQLConnection.Ending) -> [Machine.Actions] {
        switch ending {
        case .done(.success(let results)): job.finish(.success(results))
        case .done(.failure(let error)):
            // A server that ends does so between statements too, with its reason.
            guard error.code == .unavailable, job.access == .read, job.takeRepetition(of: 1) else {
                job.finish(.failure(error))
                break
            }
            return [again(job)]
        case .done(.stalePlan):
            guard job.takeRepetition(of: 3) else {
                job.finish(.failure(DatabaseError(.refused, "the tables changed again and again")))
                break
            }
            return [again(job)]
        case .cancelled: job.finish(.failure(CancellationError()))
        case .lost(let error, let mayBeDone):
            let isRepeated =
                mayBeDone
                ? job.access == .read && error.code == .unavailable && job.takeRepetition(of: 1)
                // Nothing was sent; each time uses up a connection that was open before.
                : job.takeRepetition(of: settings.maximumConnections + 1)
            guard isRepeated else {
                job.finish(.failure(job.isCancelled ? CancellationError() : error))
                break
            }
            return [again(job)]
        }
        return []
    }

    private func again(_ job: BatchJob) -> Machine.Actions {
        poller.wake()
        return storage.withLock { storage in
            storage.nextTurn = nil
            return storage.machine.submit(job, now())
        }
    }

    private func connect() {
        let thread = BlockingThread { [weak self, settings] in
            let result = Result { () throws(ConnectFailure) in
                try PostgreSQLHandle(settings) { [weak self] in self?.isStopping.load(ordering: .relaxed) ?? true }
            }
            self?.connectEnded(result)
        }
        if !thread.start() { connectEnded(.failure(ConnectFailure(libpq: "the system has no thread left"))) }
    }

    private func connectEnded(_ result: Result<PostgreSQLHandle, ConnectFailure>) {
        switch result {
        case .success(let handle):
            let connection = PostgreSQLConnection(
                handle, settings, poller,
                onEnd: { [weak self] connection, job, ending in self?.ended(connection, job, ending) },
                onIdleLoss: { [weak self] connection in self?.lost(connection) })
            guard connection.open() else {
                return connectFailed(ConnectFailure(libpq: "the system has no descriptor left"))
            }
            let time = now()
            let expires = time + settings.maximumAge * Double.random(in: 0.9...1)
            let (actions, wasOutage) = storage.withLock { storage in
                storage.serverVersion = handle.serverVersion
                let wasOutage = storage.machine.isInOutage
                return (storage.machine.connected(connection, expires: expires, time), wasOutage)
            }
            if wasOutage { logger.notice("PostgreSQL can be reached again") }
            poller.wake()
            perform(actions)
        case .failure(let failure): connectFailed(failure)
        }
    }

    private func connectFailed(_ failure: ConnectFailure) {
        let (actions, isNew) = storage.withLock { storage in
            let isNew = !storage.machine.isInOutage
            let actions = storage.machine.connectFailed(failure, jitter: Double.random(in: 0.5...1), now())
            storage.nextTurn = nil
            return (actions, isNew)
        }
        if isNew, !isStopping.load(ordering: .relaxed) {
            logger.warning("PostgreSQL cannot be reached", metadata: ["error": "\(failure.error.debugDescription)"])
        }
        poller.wake()
        perform(actions)
    }

    private func lost(_ connection: PostgreSQLConnection) {
        perform(storage.withLock { $0.machine.lost(connection, now()) })
    }

    private func finishShutDown() {
        let waiters = storage.withLock { storage in
            storage.isShutDown = true
            defer { storage.shutDownWaiters = [] }
            return storage.shutDownWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
