import FoundationEssentials

/// A point in time as the databases keep it: whole microseconds. In JSON it is RFC 3339 text in UTC, with as many digits after
/// the second as it takes.
struct Timestamp: Sendable, Hashable, Comparable {
    /// Since 1970-01-01T00:00:00Z.
    var microseconds: Int64

    init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    init(_ date: Date) {
        microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    }

    static var now: Timestamp { Timestamp(Date()) }

    /// Whole seconds since 1970, as OpenAI's API counts.
    var seconds: Int64 { microseconds / 1_000_000 }

    var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }

    static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    static func + (left: Timestamp, right: Duration) -> Timestamp {
        let (seconds, attoseconds) = right.components
        return Timestamp(microseconds: left.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    static func - (left: Timestamp, right: Duration) -> Timestamp { left + (.zero - right) }

    static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// The years that have four digits.
    private static let writable: Range<Int64> = -62_135_596_800_000_000..<253_402_300_800_000_000

    /// Written by hand: lists hold dozens of times, and Foundation's styles are slow.
    var description: String {
        guard Self.writable.contains(microseconds) else { return date.formatted(.iso8601) }
        let (second, fraction) = microseconds.flooredDivision(by: 1_000_000)
        let (day, time) = second.flooredDivision(by: 86_400)
        let (year, month, dayOfMonth) = Self.date(ofDay: day)
        let length = fraction == 0 ? 20 : 27
        return String(unsafeUninitializedCapacity: length) { text in
            func write(_ value: Int64, digits: Int, at position: Int) {
                var value = value
                for index in (position..<(position + digits)).reversed() {
                    text[index] = UInt8(ascii: "0") + UInt8(value % 10)
                    value /= 10
                }
            }
            func mark(_ character: Unicode.Scalar, at position: Int) { text[position] = UInt8(ascii: character) }
            write(year, digits: 4, at: 0)
            mark("-", at: 4)
            write(month, digits: 2, at: 5)
            mark("-", at: 7)
            write(dayOfMonth, digits: 2, at: 8)
            mark("T", at: 10)
            write(time / 3600, digits: 2, at: 11)
            mark(":", at: 13)
            write(time / 60 % 60, digits: 2, at: 14)
            mark(":", at: 16)
            write(time % 60, digits: 2, at: 17)
            if fraction != 0 {
                mark(".", at: 19)
                write(fraction, digits: 6, at: 20)
            }
            mark("Z", at: length - 1)
            return length
        }
    }

    /// The date in the Gregorian calendar of a day counted from 1970-01-01.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Years begin in March here, so that the leap day is their last, and the months' lengths repeat every five.
        let (era, dayOfEra) = (day + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (
            era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1
        )
    }

    /// Reads RFC 3339 text.
    init?(_ text: String) {
        // Foundation reads a fraction only when told that there is one, and to a thousandth.
        guard let dot = text.firstIndex(of: ".") else {
            guard let date = try? Date(text, strategy: .iso8601) else { return nil }
            self.init(date)
            return
        }
        let digits = text[text.index(after: dot)...].prefix { $0.isASCII && $0.isNumber }
        let rest = text[text.index(dot, offsetBy: digits.count + 1)...]
        guard !digits.isEmpty, let date = try? Date(String(text[..<dot] + rest), strategy: .iso8601),
            let fraction = Int64((digits + "000000").prefix(6))
        else { return nil }
        self.init(microseconds: Timestamp(date).microseconds + fraction)
    }
}

extension Timestamp: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be a time such as 2026-01-02T03:04:05Z")
        }
        self = value
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Int64 {
    /// Quotient and remainder, the latter never negative.
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
