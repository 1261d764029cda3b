import FoundationEssentials

/// A value that the operator makes for a Secret.
enum GeneratedSecret {
    /// 32 random bytes from the system, as text that fits a variable (base64url, 43 characters), in the base64 of a
    /// Secret's `data`.
    static func base64Value() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        let text = bytes.base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return Data(text.utf8).base64EncodedString()
    }
}
