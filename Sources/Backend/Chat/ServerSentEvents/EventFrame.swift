import NIOCore

/// One event of a stream, as it came.
struct EventFrame: Sendable, Equatable {
    /// Everything, the empty line at its end included.
    let bytes: ByteBuffer

    init(bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// The value of the `data` field: a slice when there is one line of it, the lines joined by LF otherwise; nil when there is none.
    var data: ByteBuffer? { value(of: "data") }

    /// The value of the `event` field.
    var event: String? {
        guard var name = value(of: "event") else { return nil }
        return name.readString(length: name.readableBytes)
    }

    /// Whether this is the `[DONE]` that ends a stream of OpenAI's chat API.
    var isDone: Bool {
        guard let data, data.readableBytes == 6 else { return false }
        return data.readableBytesView.elementsEqual("[DONE]".utf8)
    }

    private func value(of field: StaticString) -> ByteBuffer? {
        var found: Range<Int>?
        var joined: ByteBuffer?
        bytes.withUnsafeReadableBytes { raw in
            var start = 0
            while start < raw.count {
                var end = start
                while end < raw.count, raw[end] != 0x0A, raw[end] != 0x0D { end += 1 }
                if let range = Self.value(of: field, in: raw, start..<end) {
                    if let first = found {
                        var lines = joined ?? ByteBuffer(bytes: raw[first])
                        lines.writeInteger(UInt8(0x0A))
                        lines.writeBytes(raw[range])
                        joined = lines
                    } else {
                        found = range
                    }
                }
                start = end + 1
            }
        }
        if let joined { return joined }
        return found.flatMap { bytes.getSlice(at: bytes.readerIndex + $0.lowerBound, length: $0.count) }
    }

    /// The part of the line behind `field:` and one space.
    private static func value(
        of field: StaticString, in raw: UnsafeRawBufferPointer, _ line: Range<Int>
    ) -> Range<Int>? {
        let length = field.utf8CodeUnitCount
        guard line.count >= length else { return nil }
        for index in 0..<length where raw[line.lowerBound + index] != field.utf8Start[index] { return nil }
        guard line.count > length else { return line.upperBound..<line.upperBound }
        guard raw[line.lowerBound + length] == UInt8(ascii: ":") else { return nil }
        var start = line.lowerBound + length + 1
        if start < line.upperBound, raw[start] == 0x20 { start += 1 }
        return start..<line.upperBound
    }
}
