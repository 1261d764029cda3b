import HTTPTypes
import FoundationEssentials
import Logging
import Synchronization

/// The answers that this replica generates.
///
/// Each runs in a task of its own, whatever becomes of the connection that asked for it, and ends in exactly one stored message.
final class GenerationRegistry: Sendable {
    private struct Storage {
        var generations: [UUID: Generation] = [:]
        /// Places that are taken for answers whose messages are being stored.
        var reserved = 0
        var isClosed = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let store: Store
    let model: any CompletionModel
    let policy: GenerationPolicy
    let metrics: CompletionMetrics
    let logger: Logger
    /// Called when an answer was stored.
    let onStored: @Sendable (Message, Caller) -> Void
    private let storage = Mutex(Storage())

    init(
        store: Store, model: any CompletionModel, policy: GenerationPolicy, metrics: CompletionMetrics, logger: Logger,
        onStored: @escaping @Sendable (Message, Caller) -> Void
    ) {
        self.store = store
        self.model = model
        self.policy = policy
        self.metrics = metrics
        self.logger = logger
        self.onStored = onStored
    }

    /// Takes a place for one more answer.
    /// - Throws: ``APIError``, 503 when there is none or the service is ending.
    func reserve() throws(APIError) {
        let isTaken = storage.withLock { storage in
            guard !storage.isClosed, storage.generations.count + storage.reserved < policy.maximumGenerations else {
                return false
            }
            storage.reserved += 1
            return true
        }
        guard isTaken else { throw .tooManyGenerations }
    }

    /// Gives a place back that is not needed.
    func release() {
        storage.withLock { $0.reserved -= 1 }
        resumeWaiters()
    }

    /// Begins an answer in a place that was reserved. Its message is stored as in progress.
    /// - Parameters:
    ///   - admission: What was charged for it; corrected at its end.
    ///   - start: When the client asked for it.
    func start(
        _ message: Message, _ request: CompletionRequest, for caller: Caller, _ admission: UsageAdmission,
        askedAt start: ContinuousClock.Instant
    ) -> Generation {
        let generation = Generation(message: message, caller: caller, maximumBytes: policy.maximumAnswerBytes)
        storage.withLock { storage in
            storage.reserved -= 1
            storage.generations[message.id] = generation
        }
        // Owned by this registry, which waits for it before it ends.
        Task { await run(generation, request, admission, askedAt: start) }
        return generation
    }

    subscript(_ message: UUID) -> Generation? { storage.withLock { $0.generations[message] } }

    var all: [Generation] { storage.withLock { Array($0.generations.values) } }

    /// A reader of an answer of this replica.
    /// - Parameter departure: What becomes of the answer when its last reader goes.
    func reader(
        of generation: Generation, after offset: Int, departure: LocalAnswerReader.Departure
    ) -> LocalAnswerReader {
        LocalAnswerReader(generation, after: offset) { [weak self] change in
            guard let self else { return }
            Task { await self.wasLeft(generation, departure, change) }
        }
    }

    /// Ends the answer once nobody came back in time; a client may have come back to another replica.
    private func wasLeft(_ generation: Generation, _ departure: LocalAnswerReader.Departure, _ change: Int) async {
        var grace = departure == .isFinal ? .zero : policy.resumeGrace
        while true {
            if grace > .zero { try? await Task.sleep(for: grace) }  // Nobody cancels this task.
            guard generation.isUnread(since: change) else { return }
            guard departure == .mayReturn, policy.resumeGrace > .zero else { break }
            let now = Timestamp.now
            // Without the database nobody can have come back to another replica.
            let flags = try? await store.save([], renewing: [], until: now, asking: [generation.id]).first
            let until = max(flags?.followedUntil ?? now, generation.followedUntil)
            guard until > now else { break }
            grace = until - now
        }
        generation.end(because: .disconnected)
    }

    /// Ends all answers that still run, and takes no more.
    func interrupt() {
        storage.withLock { $0.isClosed = true }
        for generation in all { generation.end(because: .shutdown) }
    }

    /// Whether the service is about to end.
    var isInterrupted: Bool { storage.withLock { $0.isClosed } }

    /// Returns once no answer runs.
    func waitUntilIdle() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isIdle = storage.withLock { storage in
                if storage.generations.isEmpty && storage.reserved == 0 { return true }
                storage.waiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    func remove(_ generation: Generation) {
        storage.withLock { storage in
            storage.generations[generation.id] = nil
        }
        resumeWaiters()
    }

    private func resumeWaiters() {
        let waiters = storage.withLock { storage -> [CheckedContinuation<Void, Never>] in
            guard storage.generations.isEmpty && storage.reserved == 0 else { return [] }
            defer { storage.waiters = [] }
            return storage.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

extension APIError {
    static let tooManyGenerations = APIError(
        status: .serviceUnavailable, kind: .server, code: "too_many_generations",
        message: "This replica generates as many answers as it can; try again in a moment.",
        headers: [.retryAfter: "1"])
}
