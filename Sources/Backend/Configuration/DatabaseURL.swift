import FoundationEssentials

/// Where conversations are kept; the guide's `DATABASE_URL`.
enum DatabaseURL: Sendable, Equatable {
    /// A SQLite file; relative to the working folder unless it begins with `/`.
    case sqlite(path: String)
    /// A SQLite database that ends with the process.
    case sqliteInMemory
    /// A PostgreSQL database. `url` is the text as it was given, which libpq reads itself.
    case postgreSQL(url: Secret, host: String, port: Int, database: String, user: String?)

    private static let requirement = """
        must be sqlite:///FILE, sqlite:////ABSOLUTE/FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE \
        (special characters in the password percent-encoded)
        """

    init(parsing text: String) throws(InvalidValue) {
        if let path = Self.sqlitePath(text) {
            self = path == ":memory:" ? .sqliteInMemory : .sqlite(path: path)
            return
        }
        guard let server = ServerURL(text, schemes: ["postgresql", "postgres"]) else {
            throw InvalidValue(Self.requirement)
        }
        guard server.hasUsablePort else { throw InvalidValue("must name a port from 1 to 65535") }
        let database = String(server.components.path.dropFirst())
        guard !database.isEmpty, !database.contains("/") else {
            throw InvalidValue("must name a database after the host, as in postgresql://HOST/DATABASE")
        }
        self = .postgreSQL(
            url: Secret(text), host: server.host, port: server.port ?? 5432, database: database,
            user: server.components.user)
    }

    /// The file in `sqlite:///FILE`, where the third slash ends an empty host, as SQLAlchemy writes it.
    private static func sqlitePath(_ text: String) -> String? {
        guard text.lowercased().hasPrefix("sqlite:///") else { return nil }
        let path = String(text.dropFirst("sqlite:///".count))
        return path.isEmpty || path.utf8.contains(0) ? nil : path
    }
}

extension DatabaseURL: CustomStringConvertible {
    /// The address without its password and without the query, where libpq also takes one.
    var description: String {
        switch self {
        case .sqlite(let path): "sqlite:///\(path)"
        case .sqliteInMemory: "sqlite:///:memory:"
        case .postgreSQL(_, let host, let port, let database, let user):
            "postgresql://\(user.map { "\($0):***@" } ?? "")\(host):\(port)/\(database)"
        }
    }
}
