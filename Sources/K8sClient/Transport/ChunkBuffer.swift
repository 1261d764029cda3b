import DequeModule

/// What lies between the driver, which reads from the network, and the one consumer of a streamed body. Pure state.
///
/// The driver stops reading at the upper mark and is asked to go on at the lower one, so that a flood never takes more
/// memory than the upper mark and one chunk more (libcurl hands over at most 16 KiB at a time).
struct ChunkBuffer {
    static let upperMark = 256 * 1024
    static let lowerMark = 64 * 1024

    private var chunks: Deque<[UInt8]> = []
    private(set) var byteCount = 0
    private(set) var isPaused = false
    private var end: Result<Void, KubernetesError>?

    enum Offer: Equatable { case accepted, paused }

    enum Take {
        /// A chunk; with `resume`, the driver waits to be asked for more.
        case chunk([UInt8], resume: Bool)
        case ended(Result<Void, KubernetesError>)
        case empty
    }

    var isEnded: Bool { end != nil }

    /// Takes a chunk in, or none of it when there is no room.
    mutating func offer(_ bytes: UnsafeRawBufferPointer) -> Offer {
        guard end == nil else { return .accepted }
        if byteCount >= Self.upperMark {
            isPaused = true
            return .paused
        }
        byteCount += bytes.count
        chunks.append(Array(bytes))
        return .accepted
    }

    /// The body is over; what is buffered can still be taken, unless it ended by an error of the consumer's own making.
    mutating func finish(_ result: Result<Void, KubernetesError>, discardsRest: Bool = false) {
        guard end == nil else { return }
        end = result
        isPaused = false
        if discardsRest {
            chunks.removeAll()
            byteCount = 0
        }
    }

    mutating func take() -> Take {
        guard let chunk = chunks.popFirst() else {
            return end.map { .ended($0) } ?? .empty
        }
        byteCount -= chunk.count
        let resume = isPaused && byteCount <= Self.lowerMark
        if resume { isPaused = false }
        return .chunk(chunk, resume: resume)
    }
}
