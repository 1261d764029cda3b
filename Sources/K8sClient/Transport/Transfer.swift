import Synchronization

/// One request on its way, seen by the task that waits for it and by the driver that carries it out.
///
/// Every transfer that was begun is completed exactly once by the driver, or by whoever finds the driver gone.
final class Transfer: Sendable {
    typealias Outcome = Result<HTTPResponse, KubernetesError>
    typealias Chunk = Result<[UInt8]?, KubernetesError>

    let request: HTTPRequest
    /// Whether the answer is handed over at its head and the body by chunks.
    let isStreamed: Bool
    private let state: Mutex<State>

    private struct State {
        var isCancelled = false
        var answer: CheckedContinuation<Outcome, Never>?
        var chunks = ChunkBuffer()
        var nextChunk: CheckedContinuation<Chunk, Never>?
        var idleTimeout: Duration?
    }

    private let liveCount: LiveCount

    init(_ request: HTTPRequest, isStreamed: Bool, _ liveCount: LiveCount) {
        self.request = request
        self.isStreamed = isStreamed
        self.liveCount = liveCount
        state = Mutex(State(idleTimeout: request.idleTimeout))
        liveCount.add(1)
    }

    deinit {
        liveCount.add(-1)
    }

    // MARK: From the task

    func begin(_ continuation: CheckedContinuation<Outcome, Never>) {
        state.withLock { $0.answer = continuation }
    }

    /// Notes the wish to end; the driver acts on it, also when it comes before the transfer has been started.
    func cancel() {
        state.withLock { $0.isCancelled = true }
    }

    enum NextChunk {
        case now(Chunk, resume: Bool)
        case later
    }

    /// The next chunk, or the promise to resume the continuation with it.
    func nextChunk(_ continuation: CheckedContinuation<Chunk, Never>?) -> NextChunk {
        state.withLock { state in
            switch state.chunks.take() {
            case .chunk(let bytes, let resume): return .now(.success(bytes), resume: resume)
            case .ended(let result): return .now(result.map { nil }, resume: false)
            case .empty:
                state.nextChunk = continuation
                return .later
            }
        }
    }

    /// For how long the body of a stream may pause. A longer time counts from the last check of the shorter one on.
    var idleTimeout: Duration? {
        get { state.withLock { $0.idleTimeout } }
        set { state.withLock { $0.idleTimeout = newValue } }
    }

    // MARK: From the driver

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func deliverHead(_ head: HTTPHead) {
        let answer = state.withLock { $0.answer.take() }
        answer?.resume(returning: .success(HTTPResponse(head: head, body: [])))
    }

    func deliver(_ bytes: UnsafeRawBufferPointer) -> ChunkBuffer.Offer {
        let (offer, waiting) = state.withLock { state in
            // A consumer that waits gets the chunk without its passing through the buffer.
            if let waiting = state.nextChunk.take() { return (ChunkBuffer.Offer.accepted, waiting) as (_, _?) }
            return (state.chunks.offer(bytes), nil)
        }
        waiting?.resume(returning: .success(Array(bytes)))
        return offer
    }

    /// Ends a buffered transfer with its answer, or a streamed one with the end of its body.
    func finish(_ outcome: Outcome) {
        let (answer, nextChunk) = state.withLock { state in
            state.chunks.finish(outcome.map { _ in }, discardsRest: state.isCancelled)
            return (state.answer.take(), state.nextChunk.take())
        }
        answer?.resume(returning: outcome)
        nextChunk?.resume(returning: outcome.map { _ in nil })
    }
}

/// How many things of a kind are alive.
final class LiveCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ difference: Int) { count.wrappingAdd(difference, ordering: .relaxed) }
}
