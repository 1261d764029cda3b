/// What is said and heard to carry out one batch on one connection: a pure state machine.
///
/// - A batch without expectations is one pipeline: its statements and a Sync. Until the Sync the server keeps them in one
///   transaction of its own, which it commits there, and undoes as a whole on the first error. One round trip.
/// - Where rows are expected of a batch that writes, the statements follow a BEGIN, and COMMIT or ROLLBACK is sent once they
///   have been judged: two round trips.
struct BatchExchange {
    enum Step: Equatable {
        case deallocate(String)
        case prepare(String, statement: Int)
        case execute(String, statement: Int)
        case begin, commit, rollback
        case synchronize
    }

    enum Outcome {
        case success([SQLResult])
        case failure(DatabaseError)
        /// Nothing was done: a prepared statement no longer fits. Once more, please.
        case stalePlan
    }

    enum Action {
        case wait
        case send([Step])
        case finish(Outcome)
        /// The connection must not be used any more.
        case finishAndClose(Outcome)
    }

    private enum Phase {
        /// Asking for a sign of life.
        case checking
        case running
        case committing
        case rollingBack
    }

    let statements: [EncodedStatement]
    private let isExplicit: Bool
    private var phase: Phase
    /// What is still to be answered, in order.
    private var steps: ArraySlice<Step> = []
    private var results: [SQLResult]
    private var failure: DatabaseError? {
        didSet { if oldValue == nil, failure != nil { failedStatement = results.count } }
    }
    /// The statement that failed first.
    private var failedStatement: Int?
    private var isStale = false
    private var endsConnection = false

    /// - Parameter isCheckNeeded: Whether the server is asked for a sign of life before anything is sent.
    init(_ statements: [EncodedStatement], _ access: DatabaseAccess, isCheckNeeded: Bool) {
        self.statements = statements
        isExplicit = access == .write && statements.contains { $0.expectation != .any }
        phase = isCheckNeeded ? .checking : .running
        results = []
        results.reserveCapacity(statements.count)
    }

    /// Whether a statement may have reached the server.
    var isUnderWay: Bool {
        if case .checking = phase { false } else { true }
    }

    /// What the server said before the connection broke.
    var reportedFailure: DatabaseError? { failure }

    /// The first steps.
    mutating func begin(_ prepared: inout PreparedStatements) -> [Step] {
        isUnderWay ? plan(&prepared) : next([.synchronize])
    }

    private mutating func next(_ steps: [Step]) -> [Step] {
        self.steps = steps[...]
        return steps
    }

    private mutating func plan(_ prepared: inout PreparedStatements) -> [Step] {
        var steps = prepared.takeToDeallocate().map(Step.deallocate)
        if isExplicit { steps.append(.begin) }
        for (index, statement) in statements.enumerated() {
            let use = prepared.use(statement.text, statement.types)
            if let evicted = use.evicted { steps.append(.deallocate(evicted)) }
            if use.isNew { steps.append(.prepare(use.name, statement: index)) }
            steps.append(.execute(use.name, statement: index))
        }
        steps.append(.synchronize)
        return next(steps)
    }

    /// Something came from the server.
    mutating func receive(_ received: PostgreSQLHandle.Received, _ prepared: inout PreparedStatements) -> Action {
        switch received {
        case .pending: return .wait
        case .endOfCommand:
            steps = steps.dropFirst()
            return .wait
        case .synchronized:
            steps = []
            return synchronized(&prepared)
        case .failed(let error): fail(error, &prepared)
        case .unreadable(let error):
            failure = failure ?? error
            if case .execute = steps.first { results.append(SQLResult()) }
        case .skipped: undo(&prepared)
        case .rows(let rows, let affected): add(SQLResult(rows: rows, affectedRows: affected))
        case .done(let affected, let tag):
            // The server answers a COMMIT of a failed transaction by rolling back.
            if steps.first == .commit, tag != "COMMIT" {
                failure = failure ?? DatabaseError(.refused, "PostgreSQL rolled the transaction back")
            }
            add(SQLResult(affectedRows: affected))
        }
        return .wait
    }

    private mutating func add(_ result: SQLResult) {
        if case .execute = steps.first { results.append(result) }
    }

    private mutating func fail(_ error: ServerError, _ prepared: inout PreparedStatements) {
        endsConnection = endsConnection || error.endsConnection
        isStale = isStale || failure == nil && error.isStalePlan
        failure = failure ?? DatabaseError(error)
        undo(&prepared)
    }

    /// The step under way did not happen.
    private mutating func undo(_ prepared: inout PreparedStatements) {
        switch steps.first {
        case .prepare(let name, _): prepared.forget(name)
        case .deallocate(let name): prepared.keepForDeallocation(name)
        default: break
        }
    }

    private mutating func synchronized(_ prepared: inout PreparedStatements) -> Action {
        switch phase {
        case .checking:
            phase = .running
            return .send(plan(&prepared))
        case .running:
            failure = judge() ?? failure
            guard isExplicit else { return finish(&prepared) }
            phase = failure == nil ? .committing : .rollingBack
            return .send(next([failure == nil ? .commit : .rollback, .synchronize]))
        case .committing, .rollingBack: return finish(&prepared)
        }
    }

    /// The first statement that did not do what it should. Those after it were sent all the same, so one of them may well have
    /// failed because of it: what is told is its cause.
    private func judge() -> DatabaseError? {
        for (index, statement) in statements.prefix(failedStatement ?? statements.count).enumerated() {
            guard case .exactly(let count) = statement.expectation else { continue }
            let actual = results.indices.contains(index) ? results[index].affectedRows : 0
            if actual != count {
                return DatabaseError(
                    .expectationFailed, "statement \(index) returned or changed \(actual) rows, not \(count)",
                    statementIndex: index)
            }
        }
        return nil
    }

    private mutating func finish(_ prepared: inout PreparedStatements) -> Action {
        let outcome: Outcome
        if isStale {
            prepared.forgetAll()
            outcome = .stalePlan
        } else if let failure {
            outcome = .failure(failure)
        } else {
            outcome = .success(results)
        }
        return endsConnection ? .finishAndClose(outcome) : .finish(outcome)
    }
}
