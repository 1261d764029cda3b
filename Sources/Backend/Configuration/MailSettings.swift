/// How mail is sent; the guide's `SMTP_*`.
struct MailSettings: Sendable, Equatable {
    var host: String
    var port: Int
    var username: String?
    var password: Secret?
    var from: EmailAddress
}

/// An address that mail can be sent from.
struct EmailAddress: Sendable, Equatable, CustomStringConvertible {
    let description: String

    init(parsing text: String) throws(InvalidValue) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count), NetworkName.isHostName(String(parts[1])),
            parts[0].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"(),:;<>[\\]".utf8.contains($0) }),
            parts[0].first != ".", parts[0].last != ".", !parts[0].contains("..")
        else { throw InvalidValue("must be an e-mail address, as in noreply@example.com") }
        description = text
    }
}
