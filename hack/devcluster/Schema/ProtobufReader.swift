/// Reads the wire format of protobuf, field by field.
struct ProtobufReader {
    /// The bytes are not what they claim to be.
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    enum Value {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed(UInt64, size: Int)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field; nil at the end.
    mutating func next() throws(Malformed) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        let number = Int(truncatingIfNeeded: tag >> 3)
        switch tag & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed(try fixed(8), size: 8))
        case 2:
            guard let length = Int(exactly: try varint()), length <= rest.count else {
                throw Malformed(description: "proto: unexpected EOF")
            }
            let bytes = rest.prefix(length)
            rest = rest.dropFirst(length)
            return (number, .bytes(bytes))
        case 5: return (number, .fixed(try fixed(4), size: 4))
        default: throw Malformed(description: "proto: illegal wireType \(tag & 7)")
        }
    }

    mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 64 else { throw Malformed(description: "proto: integer overflow") }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw Malformed(description: "proto: unexpected EOF")
    }

    var isAtEnd: Bool { rest.isEmpty }

    private mutating func fixed(_ size: Int) throws(Malformed) -> UInt64 {
        guard rest.count >= size else { throw Malformed(description: "proto: unexpected EOF") }
        let bytes = rest.prefix(size)
        rest = rest.dropFirst(size)
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
