import HTTPTypes

/// Names one request.
struct RequestIdentifier: Sendable, Equatable, CustomStringConvertible {
    let description: String

    /// A new name: 128 random bits.
    init() {
        var generator = SystemRandomNumberGenerator()
        description = Self.digits(generator.next()) + Self.digits(generator.next())
    }

    /// A name from a client; nil when it is one that could disturb logs: too long, or of other characters than identifiers have.
    init?(parsing text: String) {
        let isSane =
            (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_.:".utf8.contains(byte)
            }
        guard isSane else { return nil }
        description = text
    }

    private static func digits(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension HTTPField.Name {
    /// `X-Request-Id`.
    static let requestID: HTTPField.Name = {
        guard let name = HTTPField.Name("X-Request-Id") else { preconditionFailure("a header's name is a token") }
        return name
    }()
}
