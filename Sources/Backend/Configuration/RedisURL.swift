import FoundationEssentials

/// Where the shared cache is; the guide's `REDIS_URL`.
struct RedisURL: Sendable, Equatable {
    var usesTLS: Bool
    var host: String
    var port: Int
    var user: String?
    var password: Secret?
    var database: Int

    private static let requirement = "must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS"

    init(parsing text: String) throws(InvalidValue) {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), scheme == "redis" || scheme == "rediss",
            let host = parts.unbracketedHost, NetworkName.isHost(host)
        else { throw InvalidValue(Self.requirement) }
        guard (1...65_535).contains(parts.port ?? 6379) else {
            throw InvalidValue("must name a port from 1 to 65535")
        }
        let path = parts.path.dropFirst()
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw InvalidValue("must end in the database's number, as in redis://HOST:6379/0")
        }
        usesTLS = scheme == "rediss"
        self.host = host
        self.port = parts.port ?? 6379
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.map(Secret.init)
        self.database = database
    }
}

extension RedisURL: CustomStringConvertible {
    var description: String {
        let credentials = password == nil ? user.map { "\($0)@" } ?? "" : "\(user ?? ""):***@"
        return "\(usesTLS ? "rediss" : "redis")://\(credentials)\(host):\(port)/\(database)"
    }
}
