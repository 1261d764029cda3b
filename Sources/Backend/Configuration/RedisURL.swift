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
        guard let server = ServerURL(text, schemes: ["redis", "rediss"]) else { throw InvalidValue(Self.requirement) }
        guard server.hasUsablePort else { throw InvalidValue("must name a port from 1 to 65535") }
        let path = server.components.path.dropFirst()
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw InvalidValue("must end in the database's number, as in redis://HOST:6379/0")
        }
        usesTLS = server.scheme == "rediss"
        host = server.host
        port = server.port ?? 6379
        user = server.components.user.flatMap { $0.isEmpty ? nil : $0 }
        password = server.components.password.map(Secret.init)
        self.database = database
    }
}

extension RedisURL: CustomStringConvertible {
    var description: String {
        let credentials = password == nil ? user.map { "\($0)@" } ?? "" : "\(user ?? ""):***@"
        return "\(usesTLS ? "rediss" : "redis")://\(credentials)\(host):\(port)/\(database)"
    }
}
