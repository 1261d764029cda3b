import NIOCore

/// An answer's body as it comes. It can be read once; how fast is the reader's choice: what is not read is not asked of the server.
struct UpstreamBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    enum Source: Sendable {
        case server(ExchangeAnswer)
        case pieces(EchoPieces)
    }

    let source: Source
    /// When reading ends with ``UpstreamError/totalTimeout``, however little comes.
    let deadline: NIODeadline
    /// Told of the first piece.
    let onFirstPiece: @Sendable () -> Void

    func makeAsyncIterator() -> AsyncIterator {
        let base: AsyncIterator.Base =
            switch source {
            case .server(let answer): .server(answer)
            case .pieces(let pieces): .pieces(pieces)
            }
        return AsyncIterator(base: base, deadline: deadline, onFirstPiece: onFirstPiece)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate enum Base {
            case server(ExchangeAnswer)
            case pieces(EchoPieces)
        }

        fileprivate var base: Base
        fileprivate let deadline: NIODeadline
        fileprivate var onFirstPiece: (@Sendable () -> Void)?

        /// - Throws: ``UpstreamError``; `CancellationError` when the task is cancelled.
        @concurrent mutating func next() async throws -> ByteBuffer? {
            let piece: ByteBuffer?
            switch base {
            case .server(let answer):
                do {
                    piece = try await answer.next()
                } catch {
                    throw UpstreamClient.failure(error)
                }
            case .pieces(var pieces):
                piece = try await pieces.next()
                base = .pieces(pieces)
            }
            if let first = onFirstPiece, piece != nil {
                onFirstPiece = nil
                first()
            }
            guard NIODeadline.now() < deadline else { throw UpstreamError.totalTimeout }
            return piece
        }
    }

    /// The whole body where it is there already, as that of a short answer is that came in one piece; nil when some is still to
    /// come, or it is larger than `limit`. For bodies of which nothing was read.
    func collectIfComplete(upTo limit: Int) -> ByteBuffer? {
        guard case .server(let answer) = source, let whole = answer.takeWhole(upTo: limit) else { return nil }
        onFirstPiece()
        return whole
    }

    /// The whole body.
    /// - Throws: ``UpstreamError`` with code `tooLarge` when it is larger than `limit`.
    func collect(upTo limit: Int) async throws -> ByteBuffer {
        var iterator = makeAsyncIterator()
        guard var whole = try await iterator.next() else { return ByteBuffer() }
        while whole.readableBytes <= limit, let piece = try await iterator.next() { whole.writeImmutableBuffer(piece) }
        guard whole.readableBytes <= limit else {
            throw UpstreamError(.tooLarge, "The model's answer is larger than \(limit) bytes.")
        }
        return whole
    }
}
