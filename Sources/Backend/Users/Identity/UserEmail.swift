/// The address that names an account: in lower case, so that there is one account for it however it is typed. Names of domains in
/// other scripts stay as they are written.
struct UserEmail: Sendable, Hashable, CustomStringConvertible {
    let description: String

    /// SMTP's own limits (RFC 5321 §4.5.3.1).
    private static let maximumLength = 254
    private static let maximumLocalLength = 64

    init(parsing text: String) throws(InvalidValue) {
        let text = text.lowercased()
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= Self.maximumLength, Self.isLocalPart(parts[0]),
            Self.isDomain(parts[1])
        else { throw InvalidValue("must be an e-mail address, as in ada@example.com") }
        description = text
    }

    /// RFC 5322's dot-atom: what can stand in a command or a header without quotes.
    private static func isLocalPart(_ text: Substring) -> Bool {
        (1...maximumLocalLength).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),:;<>[]\\".utf8.contains($0) }
            && text.first != "." && text.last != "." && !text.contains("..")
    }

    /// Two labels or more of letters, digits and hyphens, letters of any script.
    private static func isDomain(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != "-" && label.last != "-"
                    && label.unicodeScalars.allSatisfy {
                        $0.isASCII
                            ? ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
                            : $0.properties.isAlphabetic || $0.properties.generalCategory == .nonspacingMark
                    }
            }
    }
}

extension UserEmail: Codable {
    init(from decoder: any Decoder) throws {
        try self.init(parsing: try decoder.singleValueContainer().decode(String.self))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension UserEmail: SQLConvertible {
    var sqlValue: SQLValue { .text(description) }

    init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        description = text
    }
}
