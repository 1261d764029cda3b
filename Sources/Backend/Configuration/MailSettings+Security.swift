/// How a connection to a mail server is protected; `SMTP_TLS`.
enum MailSecurity: String, Sendable, CaseIterable {
    /// TLS once connected (RFC 3207); a server that does not offer it gets nothing.
    case startTLS = "starttls"
    /// TLS from the start (RFC 8314).
    case implicitTLS = "tls"
    /// No protection: for a server on this machine.
    case none

    init(parsing text: String) throws(InvalidValue) {
        guard let security = MailSecurity(rawValue: text.lowercased()) else {
            throw InvalidValue("must be starttls, tls or none")
        }
        self = security
    }

    /// What holds where nothing is set: protection, but for a server on this machine.
    static func standard(host: String, port: Int) -> MailSecurity {
        if port == 465 { return .implicitTLS }
        return host == "localhost" || host == "::1" || host.hasPrefix("127.") ? .none : .startTLS
    }
}
