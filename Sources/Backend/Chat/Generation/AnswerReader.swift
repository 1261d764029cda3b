import Synchronization

/// Reads an answer from one place on, wherever it is generated. For one task at a time.
protocol AnswerReader: AnyObject, Sendable {
    /// The next piece of text, or the end; ``Generation/Step/idle`` when nothing came for a while.
    /// - Throws: ``DatabaseError``.
    func next() async throws -> Generation.Step
    /// Makes the reading end: the client is gone.
    func cancel()
}

/// Reads an answer that is generated on this replica.
final class LocalAnswerReader: AnswerReader {
    /// What becomes of the answer when its last reader goes before its end.
    enum Departure: Sendable {
        /// The reader may come back.
        case mayReturn
        /// It will not.
        case isFinal
    }

    private struct Storage {
        var offset: Int
        var isCancelled = false
        var hasLeft = false
    }

    private let generation: Generation
    private let storage: Mutex<Storage>
    private let onDeparture: @Sendable (Int) -> Void

    /// - Parameter onDeparture: Called with the number of the change when this was the last reader.
    init(_ generation: Generation, after offset: Int, onDeparture: @escaping @Sendable (Int) -> Void) {
        self.generation = generation
        self.onDeparture = onDeparture
        storage = Mutex(Storage(offset: offset))
        generation.attach()
    }

    deinit { leave() }

    func next() async throws -> Generation.Step {
        await withTaskCancellationHandler {
            let (offset, isCancelled) = storage.withLock { ($0.offset, $0.isCancelled) }
            if isCancelled || Task.isCancelled { return .cancelled }
            let step = await generation.next(after: offset, for: self) { [self] in storage.withLock { $0.isCancelled } }
            if storage.withLock({ $0.isCancelled }) { return .cancelled }
            if case .text(_, let bytes) = step { storage.withLock { $0.offset += bytes.count } }
            return step ?? .idle
        } onCancel: {
            cancel()
        }
    }

    func cancel() {
        storage.withLock { $0.isCancelled = true }
        generation.wake(self)
        leave()
    }

    private func leave() {
        let isFirst = storage.withLock { storage in
            defer { storage.hasLeft = true }
            return !storage.hasLeft
        }
        guard isFirst, let change = generation.detach() else { return }
        onDeparture(change)
    }
}
