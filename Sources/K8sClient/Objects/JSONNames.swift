/// The names of members, each made once: documents of one kind have the same few hundred over and over.
///
/// A table of a fixed size in which a newer name takes the place of an older one, so that whatever names a peer thinks of, it
/// grows no further.
struct JSONNames {
    /// How long a name is that is worth finding again: shorter ones take no memory of their own, longer ones are rare.
    static let lengths = 16...128
    private let capacity: Int
    /// From which length on a document alone has names often enough to be worth the table.
    static let worthwhileBytes = 64 << 10

    /// Whether names are looked up at all.
    var isUsed = true
    private var slots: [String] = []

    /// - Parameter capacity: how many are remembered; a power of two.
    init(capacity: Int = 1024) {
        self.capacity = capacity
    }

    /// The name that these bytes are.
    /// - Parameter bytes: ASCII.
    mutating func name(_ bytes: Span<UInt8>) -> String {
        if slots.isEmpty { slots = Array(repeating: "", count: capacity) }
        let slot = Self.hash(bytes) & (capacity - 1)
        if slots[slot].utf8Span.span.hasSameBytes(as: bytes) { return slots[slot] }
        let name = String(copying: UTF8Span(unchecked: bytes, isKnownASCII: true))
        slots[slot] = name
        return name
    }

    private static func hash(_ bytes: Span<UInt8>) -> Int {
        // FNV-1a's steps, eight bytes each; the last eight overlap those before.
        let raw = bytes.bytes
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var offset = 0
        while offset < bytes.count {
            let start = min(offset, bytes.count - 8)
            hash ^= start < 0 ? UInt64(bytes[offset]) : raw.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
            hash &*= 0x0000_0100_0000_01B3
            hash ^= hash >> 29
            offset += start < 0 ? 1 : 8
        }
        return Int(hash >> 32)
    }
}
