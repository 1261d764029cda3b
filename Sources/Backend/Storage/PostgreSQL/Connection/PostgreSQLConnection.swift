import Synchronization

/// One connection, which carries out one batch at a time.
///
/// Threading: any thread may start a batch; what comes back is read on the poller's thread. A lock guards libpq's handle; what
/// follows from an answer is done by the pool, after unlocking.
final class PostgreSQLConnection: SocketObserver {
    /// How a batch on this connection ended.
    enum Ending {
        case done(BatchExchange.Outcome)
        /// Its task was cancelled, and the server undid it.
        case cancelled
        /// The connection broke. `mayBeDone` is false where nothing had been sent.
        case lost(DatabaseError, mayBeDone: Bool)
    }

    private struct Running {
        let job: BatchJob
        var exchange: BatchExchange
        var deadline: ContinuousClock.Instant
        /// A request to cancel is on its way, which may hit whatever the connection does next.
        var isCancelling = false
        var wasCancelled = false
        /// Over, but for the request to cancel.
        var ending: Ending?
    }

    private struct Storage {
        let handle: PostgreSQLHandle
        var prepared: PreparedStatements
        var running: Running?
        var isBroken = false
        var isClosed = false
        var isWatchingWrites = false
        var token: UInt64?
    }

    let serverVersion: Int
    private let settings: PostgreSQLSettings
    private let poller: SocketPoller
    private let storage: Mutex<Storage>
    /// Told on the poller's thread, or on that of a request to cancel.
    private let onEnd: @Sendable (PostgreSQLConnection, BatchJob, Ending) -> Void
    private let onIdleLoss: @Sendable (PostgreSQLConnection) -> Void

    init(
        _ handle: PostgreSQLHandle, _ settings: PostgreSQLSettings, _ poller: SocketPoller,
        onEnd: @escaping @Sendable (PostgreSQLConnection, BatchJob, Ending) -> Void,
        onIdleLoss: @escaping @Sendable (PostgreSQLConnection) -> Void
    ) {
        self.settings = settings
        self.poller = poller
        self.onEnd = onEnd
        self.onIdleLoss = onIdleLoss
        serverVersion = handle.serverVersion
        storage = Mutex(
            Storage(handle: handle, prepared: PreparedStatements(limit: settings.preparedStatements)))
    }

    /// Begins to be watched; false when the system refuses.
    func open() -> Bool {
        storage.withLock { storage in
            storage.token = poller.watch(storage.handle.descriptor, self)
            return storage.token != nil
        }
    }

    /// Ends the connection. Nothing may be running on it.
    func close() {
        storage.withLock { storage in
            guard !storage.isClosed, let token = storage.token else { return }
            storage.isClosed = true
            storage.isBroken = true
            poller.unwatch(storage.handle.descriptor, token)
        }
        // libpq's handle goes with the last reference to this object.
    }

    var isUsable: Bool { storage.withLock { !$0.isBroken } }

    /// Begins a batch; gives its ending when that is known at once.
    func start(_ job: BatchJob, isCheckNeeded: Bool) -> Ending? {
        storage.withLock { storage in
            guard !storage.isBroken, storage.handle.isQuiet() else {
                storage.isBroken = true
                return .lost(Self.lostError(nil), mayBeDone: false)
            }
            var exchange = BatchExchange(job.statements, job.access, isCheckNeeded: isCheckNeeded)
            let steps = exchange.begin(&storage.prepared)
            let deadline = ContinuousClock.now + (isCheckNeeded ? settings.checkTimeout : timeLimit(job))
            storage.running = Running(job: job, exchange: exchange, deadline: deadline)
            return send(steps, &storage)
        }
    }

    /// The server ends each statement in time; this is for a server that does not even do that.
    private func timeLimit(_ job: BatchJob) -> Duration {
        settings.statementTimeout * max(job.statements.count, 1) + .seconds(10)
    }

    func socketIsReady() {
        let (job, ending, isIdleLoss) = storage.withLock { storage -> (BatchJob?, Ending?, Bool) in
            guard !storage.isClosed else { return (nil, nil, false) }
            guard let running = storage.running, running.ending == nil else {
                // Notices and farewells; the end.
                let isLoss = !storage.isBroken && !storage.handle.consume()
                if isLoss { markBroken(&storage) }
                return (nil, nil, isLoss && storage.running == nil)
            }
            return (running.job, advance(&storage), false)
        }
        if let job, let ending { onEnd(self, job, ending) }
        if isIdleLoss { onIdleLoss(self) }
    }

    /// Gives up on a batch whose time is over.
    func sweep(_ now: ContinuousClock.Instant) {
        let (job, ending) = storage.withLock { storage -> (BatchJob?, Ending?) in
            guard let running = storage.running, running.deadline <= now, running.ending == nil else {
                return (nil, nil)
            }
            let error = DatabaseError(.timedOut, "PostgreSQL did not answer in time")
            return (running.job, lose(error, &storage))
        }
        if let job, let ending { onEnd(self, job, ending) }
    }

    /// Gives up on whatever is running.
    func abandon() {
        sweep(ContinuousClock.now + .seconds(1_000_000_000))
    }

    /// Asks the server to end the batch of a cancelled task.
    func cancel(_ job: BatchJob) {
        let handle = storage.withLock { storage -> PostgreSQLHandle? in
            guard storage.running?.job === job, storage.running?.isCancelling == false else { return nil }
            storage.running?.isCancelling = true
            storage.running?.wasCancelled = true
            return storage.handle
        }
        guard let handle else { return }
        let request = BlockingThread { [self] in
            handle.cancelStatement()
            cancelRequestEnded(job)
        }
        // Without a thread the statement goes on to its own end.
        if !request.start() { cancelRequestEnded(job) }
    }

    private func cancelRequestEnded(_ job: BatchJob) {
        let ending = storage.withLock { storage -> Ending? in
            storage.running?.isCancelling = false
            guard let ending = storage.running?.ending else { return nil }
            storage.running = nil
            return ending
        }
        if let ending { onEnd(self, job, ending) }
    }

    // MARK: Under the lock

    private func advance(_ storage: inout Storage) -> Ending? {
        let isAlive = storage.handle.consume()
        if storage.isWatchingWrites, let ending = flush(&storage) { return ending }
        // What came before the end is read first: it may be the whole answer, or the reason.
        while storage.running != nil {
            let received = storage.handle.next()
            if case .pending = received { break }
            if case .failed(let error) = received, error.sqlState.isEmpty, storage.handle.isBroken { break }
            if case .endOfCommand = received, storage.handle.isBroken { break }
            let wasUnderWay = storage.running?.exchange.isUnderWay
            switch storage.running?.exchange.receive(received, &storage.prepared) {
            case nil, .wait: continue
            case .send(let steps):
                // Cancelled during the check: nothing has been sent that could be undone.
                if wasUnderWay == false, storage.running?.wasCancelled == true {
                    markBroken(&storage)
                    return end(.cancelled, &storage)
                }
                if let running = storage.running {
                    storage.running?.deadline = ContinuousClock.now + timeLimit(running.job)
                }
                if let ending = send(steps, &storage) { return ending }
            case .finish(let outcome): return end(with: outcome, &storage)
            case .finishAndClose(let outcome):
                storage.isBroken = true
                return end(with: outcome, &storage)
            }
        }
        return isAlive && !storage.handle.isBroken ? nil : lose(nil, &storage)
    }

    private func send(_ steps: [BatchExchange.Step], _ storage: inout Storage) -> Ending? {
        guard let statements = storage.running?.exchange.statements else { return nil }
        let handle = storage.handle
        for step in steps {
            let isTaken =
                switch step {
                case .deallocate(let name): handle.execute(command: "DEALLOCATE \(name)")
                case .prepare(let name, let index):
                    handle.prepare(name, statements[index].text, statements[index].types)
                case .execute(let name, let index): handle.execute(name, statements[index])
                case .begin: handle.execute(command: "BEGIN")
                case .commit: handle.execute(command: "COMMIT")
                case .rollback: handle.execute(command: "ROLLBACK")
                case .synchronize: handle.synchronize()
                }
            guard isTaken else { return lose(nil, &storage) }
        }
        return flush(&storage)
    }

    private func flush(_ storage: inout Storage) -> Ending? {
        let flushed = storage.handle.flush()
        guard flushed != .failed else { return lose(nil, &storage) }
        if let token = storage.token, storage.isWatchingWrites != (flushed == .pending) {
            storage.isWatchingWrites = flushed == .pending
            poller.watchWrites(storage.isWatchingWrites, storage.handle.descriptor, token)
        }
        return nil
    }

    private func lose(_ error: DatabaseError?, _ storage: inout Storage) -> Ending? {
        guard let running = storage.running else { return nil }
        markBroken(&storage)
        let mayBeDone = running.exchange.isUnderWay
        let reason = error ?? running.exchange.reportedFailure ?? Self.lostError(storage.handle.failure)
        return end(.lost(reason, mayBeDone: mayBeDone), &storage)
    }

    /// An ended socket is always ready: it must not be watched any more.
    private func markBroken(_ storage: inout Storage) {
        storage.isBroken = true
        if let token = storage.token { poller.unwatch(storage.handle.descriptor, token) }
        storage.token = nil
        storage.handle.sever()
    }

    private func end(with outcome: BatchExchange.Outcome, _ storage: inout Storage) -> Ending? {
        if storage.running?.wasCancelled == true, case .failure(let error) = outcome, error.code == .timedOut {
            return end(.cancelled, &storage)
        }
        return end(.done(outcome), &storage)
    }

    private func end(_ ending: Ending, _ storage: inout Storage) -> Ending? {
        if storage.running?.isCancelling == true {
            storage.running?.ending = ending
            return nil
        }
        storage.running = nil
        return ending
    }

    private static func lostError(_ reason: String?) -> DatabaseError {
        DatabaseError(.unavailable, "the connection to PostgreSQL broke", detail: reason)
    }
}
