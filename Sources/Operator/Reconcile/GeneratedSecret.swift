import FoundationEssentials

/// A value that the operator makes for a Secret.
enum GeneratedSecret {
    /// 32 random bytes from the system, as text that fits a variable (base64url, 43 characters).
    static func value() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        return bytes.base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// The texts in a Secret's `data`.
enum SecretText {
    static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// The text of a value; nil when it is not base64 of UTF-8, which no variable can hold.
    static func text(_ base64: String) -> String? {
        Data(base64Encoded: base64).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
