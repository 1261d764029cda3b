import FoundationEssentials

extension UUID {
    /// A version 7 UUID (RFC 9562): the time in milliseconds, then 74 random bits. New rows land beside each other in an index.
    static func version7(_ time: Timestamp = .now) -> UUID {
        var generator = SystemRandomNumberGenerator()
        let milliseconds = UInt64(bitPattern: time.microseconds / 1000)
        let high = generator.next() as UInt64
        let low = generator.next() as UInt64
        func byte(_ word: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> (8 * index)) }
        return UUID(
            uuid: (
                byte(milliseconds, 5), byte(milliseconds, 4), byte(milliseconds, 3), byte(milliseconds, 2),
                byte(milliseconds, 1), byte(milliseconds, 0), 0x70 | byte(high, 0) & 0x0F, byte(high, 1),
                0x80 | byte(low, 0) & 0x3F, byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5),
                byte(low, 6), byte(low, 7)
            ))
    }
}
