/// How mail is sent; the guide's `SMTP_*`.
struct MailSettings: Sendable, Equatable {
    var host: String
    var port: Int
    var username: String?
    var password: Secret?
    var from: EmailAddress
    var security: MailSecurity
    /// PEM file of the authorities trusted for TLS; the system's when nil.
    var authorityFile: String?
}

extension MailSettings {
    /// Reads the `SMTP_*` variables; nil when no host is set, and when something is wrong, which goes into the report.
    init?(reading reader: inout SettingsReader) {
        let host = reader.value("SMTP_HOST", parse: NetworkName.host(parsing:))
        let port = reader.value("SMTP_PORT") { text throws(InvalidValue) in
            try NetworkName.port(parsing: text, allowingAny: false)
        }
        let from = reader.value("SMTP_FROM_EMAIL", parse: EmailAddress.init(parsing:))
        let security = reader.value("SMTP_TLS", parse: MailSecurity.init(parsing:))
        let authorityFile = reader.text("SMTP_CA_FILE")
        let username = reader.text("SMTP_USERNAME")
        let password = reader.text("SMTP_PASSWORD")
        if (username == nil) != (password == nil) {
            let (missing, present) =
                username == nil ? ("SMTP_USERNAME", "SMTP_PASSWORD") : ("SMTP_PASSWORD", "SMTP_USERNAME")
            reader.report(missing, "must be set when \(present) is")
        }
        guard reader.text("SMTP_HOST") != nil else {
            if let orphan = ["SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_FROM_EMAIL"].first(where: {
                reader.text($0) != nil
            }) {
                reader.report("SMTP_HOST", "must be set when \(orphan) is")
            }
            return nil
        }
        if reader.text("SMTP_FROM_EMAIL") == nil { reader.report("SMTP_FROM_EMAIL", "must be set when SMTP_HOST is") }
        guard let host, let from else { return nil }
        self.init(
            host: host, port: port ?? 587, username: username, password: password.map(Secret.init), from: from,
            security: security ?? .standard(host: host, port: port ?? 587),
            authorityFile: authorityFile)
    }
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
