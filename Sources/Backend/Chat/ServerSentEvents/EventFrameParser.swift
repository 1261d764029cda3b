import NIOCore

/// Cuts a stream of server-sent events (HTML, "Server-sent events") into frames, as slices of what came.
///
/// Put end to end, the frames and ``rest`` are the stream again, byte for byte: nothing is dropped or re-encoded. Lines end in LF, CR or
/// CRLF, and pieces of the stream may end anywhere, also between CR and LF.
struct EventFrameParser: Sendable {
    /// The largest frame that is kept: an image in base64 fits, a stream that never ends a frame does not go on for ever.
    static let defaultLimit = 8 * 1024 * 1024

    struct FrameTooLarge: Error, Equatable {
        let limit: Int
    }

    private var buffer = ByteBuffer()
    /// Bytes of `buffer` that were looked at.
    private var scanned = 0
    private var isLineEmpty = true
    /// Whether the frame has a line that is not empty; only then does an empty one end it.
    private var hasContent = false
    private var isAfterCarriageReturn = false
    private let limit: Int

    init(limit: Int = defaultLimit) {
        self.limit = limit
    }

    /// What came after the last whole frame.
    var rest: ByteBuffer { buffer }

    mutating func append(_ piece: ByteBuffer) {
        if buffer.readableBytes == 0 {
            // The usual case: frames become slices of what the socket gave.
            buffer = piece
        } else {
            var piece = piece
            buffer.writeBuffer(&piece)
        }
    }

    /// The next whole frame; nil until more comes.
    mutating func next() throws(FrameTooLarge) -> EventFrame? {
        guard let length = frameLength() else {
            guard buffer.readableBytes <= limit else { throw FrameTooLarge(limit: limit) }
            return nil
        }
        guard length <= limit, let bytes = buffer.readSlice(length: length) else { throw FrameTooLarge(limit: limit) }
        scanned = 0
        hasContent = false
        isLineEmpty = true
        return EventFrame(bytes: bytes)
    }

    /// Looks at what was not looked at yet, up to the end of a frame.
    private mutating func frameLength() -> Int? {
        var position = scanned
        var isLineEmpty = isLineEmpty
        var hasContent = hasContent
        var isAfterCarriageReturn = isAfterCarriageReturn
        let length: Int? = buffer.withUnsafeReadableBytes { bytes in
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                switch byte {
                case 0x0A where isAfterCarriageReturn:
                    // The second half of a line's end. A frame may have ended at its first half, in the piece before.
                    isAfterCarriageReturn = false
                case 0x0A, 0x0D:
                    isAfterCarriageReturn = byte == 0x0D
                    if isLineEmpty && hasContent {
                        if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A {
                            position += 1
                            isAfterCarriageReturn = false
                        }
                        return position
                    }
                    isLineEmpty = true
                default:
                    isAfterCarriageReturn = false
                    isLineEmpty = false
                    hasContent = true
                }
            }
            return nil
        }
        scanned = position
        self.isLineEmpty = isLineEmpty
        self.hasContent = hasContent
        self.isAfterCarriageReturn = isAfterCarriageReturn
        return length
    }

    /// All whole frames, as few and as large slices as possible: one write each.
    /// - Parameter isKept: Asked about each frame in order; one that is not kept is left out.
    mutating func batches(keeping isKept: (EventFrame) -> Bool) throws(FrameTooLarge) -> [ByteBuffer] {
        let whole = buffer
        var batches: [ByteBuffer] = []
        var run = whole.readerIndex..<whole.readerIndex
        while let frame = try next() {
            let end = run.upperBound + frame.bytes.readableBytes
            if isKept(frame) {
                run = run.lowerBound..<end
            } else {
                if let batch = whole.getSlice(at: run.lowerBound, length: run.count), !run.isEmpty {
                    batches.append(batch)
                }
                run = end..<end
            }
        }
        if let batch = whole.getSlice(at: run.lowerBound, length: run.count), !run.isEmpty { batches.append(batch) }
        return batches
    }
}
