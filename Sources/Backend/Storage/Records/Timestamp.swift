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
    var description: String {
        let microseconds = microseconds % 1_000_000
        let style = Date.ISO8601FormatStyle(timeZone: .gmt)
        // Foundation's fraction has three digits; six are kept here.
        let whole = Date(timeIntervalSince1970: Double(self.microseconds / 1_000_000))
        guard microseconds != 0 else { return whole.formatted(style) }
        let digits = String(microseconds)
        let fraction = String(repeating: "0", count: 6 - digits.count) + digits
        return whole.formatted(style).dropLast() + ".\(fraction)Z"
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
