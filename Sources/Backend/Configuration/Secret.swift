/// A value that must not be shown: whatever prints, logs or dumps it gets `***`.
struct Secret: Sendable, Equatable {
    /// The value itself, for the one place that uses it.
    let value: String

    init(_ value: String) {
        self.value = value
    }

    /// A new value of 256 random bits.
    static func random() -> Secret {
        var generator = SystemRandomNumberGenerator()
        let words = (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return Secret(words.joined())
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "***" }
    var debugDescription: String { "***" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Secret: Decodable {
    init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }
}
