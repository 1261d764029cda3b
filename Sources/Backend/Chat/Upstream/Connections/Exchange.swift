import NIOCore
import NIOHTTP1
import Synchronization

/// One request and its answer, between the task that reads the answer and the connection that it comes on.
///
/// The connection's loop puts in what comes, and tells the reader once for all that came together. What the reader does not take
/// is bounded: above ``limit`` nothing more is read from the connection.
final class Exchange: Sendable {
    /// Bytes of the answer that may wait for the reader. A read of the connection can bring some more.
    static let limit = 64 * 1024

    typealias HeadReader = CheckedContinuation<HTTPResponseHead, any Error>
    typealias PieceReader = CheckedContinuation<ByteBuffer?, any Error>

    private enum Phase {
        case running
        case complete
        case failed(any Error)

        var isRunning: Bool { if case .running = self { true } else { false } }
    }

    private struct Storage {
        var phase = Phase.running
        var head: HTTPResponseHead?
        /// What came and was not taken yet, in one.
        var piece: ByteBuffer?
        var headReader: HeadReader?
        var pieceReader: PieceReader?
        /// Nil before there is one, and once the exchange is over: the connection may be another's then.
        var connection: NIOLoopBound<UpstreamConnection>?
        /// Whether the connection was told to read nothing for now.
        var isWithholding = false

        var waitingBytes: Int { piece?.readableBytes ?? 0 }
    }

    let request: ExchangeRequest
    private let loop: any EventLoop
    private let storage = Mutex(Storage())

    /// - Parameter loop: The loop of all connections that it may be on.
    init(_ request: ExchangeRequest, loop: any EventLoop) {
        self.request = request
        self.loop = loop
    }

    /// Whether nothing more will come of it.
    var isOver: Bool { storage.withLock { !$0.phase.isRunning } }
}

// MARK: The reader's side

extension Exchange {
    /// Waits for the answer's head.
    /// - Parameter start: Has the exchange begin.
    func head(_ start: () -> Void) async throws -> HTTPResponseHead {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                let failure = storage.withLock { storage -> (any Error)? in
                    if case .failed(let error) = storage.phase { return error }
                    storage.headReader = reader
                    return nil
                }
                if let failure { reader.resume(throwing: failure) } else { start() }
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    /// The next piece of the body; nil at its end.
    func next() async throws -> ByteBuffer? {
        if Task.isCancelled {
            fail(CancellationError())
            throw CancellationError()
        }
        if let ready = take(nil) { return try ready.get() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                if let ready = take(reader) { reader.resume(with: ready) }
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    /// The whole body, where it has come already and nobody has taken any of it.
    func takeWhole(upTo limit: Int) -> ByteBuffer? {
        storage.withLock { storage in
            guard case .complete = storage.phase, storage.waitingBytes <= limit else { return nil }
            defer { storage.piece = nil }
            return storage.piece ?? ByteBuffer()
        }
    }

    /// What there is to read; when there is nothing, `reader` waits for it.
    private func take(_ reader: PieceReader?) -> Result<ByteBuffer?, any Error>? {
        let (result, withheld) = storage.withLock { storage -> (Result<ByteBuffer?, any Error>?, Bool) in
            if let piece = storage.piece {
                storage.piece = nil
                defer { storage.isWithholding = false }
                return (.success(piece), storage.isWithholding)
            }
            switch storage.phase {
            case .complete: return (.success(nil), false)
            case .failed(let error): return (.failure(error), false)
            case .running where storage.pieceReader != nil:
                return (.failure(ExchangeFailure.alreadyBeingRead), false)
            case .running:
                storage.pieceReader = reader
                return (nil, false)
            }
        }
        if withheld { withConnection { $0.resumeReading(of: self) } }
        return result
    }

    /// Ends it: nobody reads on, or it is of no use. Its connection is closed. Does nothing when it is over.
    func fail(_ error: any Error) {
        let before = storage.withLock { storage -> Storage? in
            guard storage.phase.isRunning else { return nil }
            defer {
                storage.phase = .failed(error)
                (storage.connection, storage.headReader, storage.pieceReader) = (nil, nil, nil)
            }
            return storage
        }
        before?.headReader?.resume(throwing: error)
        before?.pieceReader?.resume(throwing: error)
        if let connection = before?.connection { onLoop { connection.value.abandon(self) } }
    }

    private func withConnection(_ action: @escaping @Sendable (UpstreamConnection) -> Void) {
        guard let connection = storage.withLock({ $0.connection }) else { return }
        onLoop { action(connection.value) }
    }

    private func onLoop(_ action: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { action() } else { loop.execute(action) }
    }
}

// MARK: The connection's side

extension Exchange {
    /// It is on this connection from now on.
    /// - Returns: False when it is over.
    func attach(_ connection: NIOLoopBound<UpstreamConnection>) -> Bool {
        storage.withLock { storage in
            guard storage.phase.isRunning else { return false }
            storage.connection = connection
            return true
        }
    }

    /// The connection failed before anything came, and another will take it.
    func detach() {
        storage.withLock { $0.connection = nil }
    }

    /// Takes a part of the answer; the reader hears of it with ``tell()``.
    func receive(_ head: HTTPResponseHead) {
        storage.withLock { $0.head = head }
    }

    func receive(_ piece: ByteBuffer) {
        guard piece.readableBytes > 0 else { return }
        storage.withLock { storage in
            guard storage.phase.isRunning else { return }
            if storage.piece == nil { storage.piece = piece } else { storage.piece?.writeImmutableBuffer(piece) }
        }
    }

    /// The answer is complete; the connection is free for others.
    func complete() {
        storage.withLock { storage in
            guard storage.phase.isRunning else { return }
            storage.phase = .complete
            storage.connection = nil
        }
    }

    /// Whether the connection must read no more for now; ``UpstreamConnection/resumeReading(of:)`` follows.
    func withholdsReads() -> Bool {
        storage.withLock { storage in
            if storage.waitingBytes >= Self.limit { storage.isWithholding = true }
            return storage.isWithholding
        }
    }

    /// Tells the reader of what came.
    func tell() {
        let (headReader, head, pieceReader, piece) = storage.withLock { storage in
            var told: (HeadReader?, HTTPResponseHead?, PieceReader?, ByteBuffer?) = (nil, nil, nil, nil)
            if let reader = storage.headReader, let head = storage.head {
                (told.0, told.1) = (reader, head)
                storage.headReader = nil
            }
            let isComplete = if case .complete = storage.phase { true } else { false }
            if let reader = storage.pieceReader, storage.piece != nil || isComplete {
                (told.2, told.3) = (reader, storage.piece)
                (storage.pieceReader, storage.piece) = (nil, nil)
            }
            return told
        }
        if let headReader, let head { headReader.resume(returning: head) }
        pieceReader?.resume(returning: piece)
    }
}
