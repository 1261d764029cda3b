/// The server that mail is sent through: the backend's `SMTP_*`.
struct MailServer: Codable, Sendable, Hashable {
    var host: String
    var port = 587
    /// Together with `passwordSecretRef`, or neither.
    var username: String?
    var from: String
    /// `starttls`, `tls` or `none`; nil lets the backend choose by the port.
    var tls: String?
    var passwordSecretRef: SecretKeyReference?

    init(host: String, from: String) {
        self.host = host
        self.from = from
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        host = try container.decode(String.self, forKey: .host)
        port = try container.decode(Int.self, forKey: .port, default: port)
        username = try container.decodeIfPresent(String.self, forKey: .username)
        from = try container.decode(String.self, forKey: .from)
        tls = try container.decodeIfPresent(String.self, forKey: .tls)
        passwordSecretRef = try container.decodeIfPresent(SecretKeyReference.self, forKey: .passwordSecretRef)
    }
}
