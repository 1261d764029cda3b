#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A moment as the API writes it: RFC 3339 in UTC, with seconds (`metav1.Time`) or microseconds (`metav1.MicroTime`).
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since 1970.
    public let microseconds: Int64

    /// Makes a moment from microseconds since 1970.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// This moment, by the system's clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// The earlier one is less.
    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// `2026-01-31T12:00:00Z`, the part of a second cut off.
    public var seconds: String { calendarTime + "Z" }

    /// `2026-01-31T12:00:00.123456Z`.
    public var micro: String {
        let fraction = String(microseconds - floorSeconds * 1_000_000)
        return calendarTime + "." + String(repeating: "0", count: 6 - fraction.count) + fraction + "Z"
    }

    private var floorSeconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private var calendarTime: String {
        var seconds = time_t(floorSeconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
            + "T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
    }
}

extension Timestamp {
    /// Reads a time of RFC 3339, of any offset from UTC; what lies below a microsecond is cut off.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        func hasByte(_ character: Character, at index: Int) -> Bool {
            index < bytes.count && Character(UnicodeScalar(bytes[index])).uppercased() == String(character)
        }
        guard let year = number(0..<4), hasByte("-", at: 4), let month = number(5..<7), hasByte("-", at: 7),
            let day = number(8..<10), hasByte("T", at: 10), let hour = number(11..<13), hasByte(":", at: 13),
            let minute = number(14..<16), hasByte(":", at: 16), let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var end = 19
        var fraction: Int64 = 0
        if hasByte(".", at: end) {
            end += 1
            var scale: Int64 = 100_000
            let start = end
            while let digit = number(end..<end + 1) {
                fraction += digit * scale
                scale /= 10
                end += 1
            }
            guard end > start else { return nil }
        }
        var offset: Int64 = 0
        if hasByte("Z", at: end) {
            end += 1
        } else {
            guard hasByte("+", at: end) || hasByte("-", at: end), let hours = number(end + 1..<end + 3),
                hasByte(":", at: end + 3), let minutes = number(end + 4..<end + 6), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (hasByte("-", at: end) ? -60 : 60)
            end += 6
        }
        guard end == bytes.count else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(day))
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
        let seconds = Int64(timegm(&parts))
        // A day that the month does not have would have been carried over into the next one.
        guard parts.tm_mon == Int32(month - 1) || second == 60 else { return nil }
        self.init(microseconds: (seconds - offset) * 1_000_000 + fraction)
    }
}
