/// All that is wrong with the settings.
struct ConfigurationError: Error, Equatable {
    /// One wrong setting.
    struct Problem: Equatable, Sendable, CustomStringConvertible {
        /// The variable or flag.
        let name: String
        /// What it must be.
        let requirement: String
        /// What it is; nil where that may be a secret.
        let value: String?

        /// One line, whatever the value holds.
        var description: String {
            guard let value else { return "\(name) \(requirement)" }
            // Enough to recognise a value by; an accidental file's worth of text would drown the line.
            let shown = value.unicodeScalars.prefix(80).map { scalar in
                scalar.value < 0x20 || scalar.value == 0x7F ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
            }
            return "\(name) \(requirement); it is \"\(shown.joined())\(value.unicodeScalars.count > 80 ? "…" : "")\""
        }
    }

    let problems: [Problem]
}
