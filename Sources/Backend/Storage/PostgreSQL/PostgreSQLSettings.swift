/// How the service uses PostgreSQL. The defaults are the guide's.
struct PostgreSQLSettings: Sendable {
    /// Read by libpq itself, with all of its parameters (`sslmode`, several hosts, …).
    var url: Secret
    var applicationName = "chatgpt-backend"

    /// Connections that stay open once they were needed.
    var keptConnections = 20
    /// Connections beyond those, for peaks; each is closed after ``overflowIdleTime`` without use.
    var overflowConnections = 30
    var overflowIdleTime: Duration = .seconds(10)
    /// A connection is replaced when it is older. Each gets up to a tenth less, so that they do not all go at once.
    var maximumAge: Duration = .seconds(3600)
    /// A connection unused for longer is asked for a sign of life before use.
    var checkAfterIdle: Duration = .seconds(5)

    /// How long a batch waits for a connection while all are in use.
    var waitTimeout: Duration = .seconds(30)
    /// How long a batch waits while PostgreSQL cannot be reached at all: long enough for a restart.
    var outagePatience: Duration = .seconds(5)
    /// For one attempt to connect.
    var connectTimeout: Duration = .seconds(10)
    /// For a sign of life.
    var checkTimeout: Duration = .seconds(5)

    /// The server ends a statement that runs longer.
    var statementTimeout: Duration = .seconds(30)
    /// The server ends a connection whose transaction waits longer for this program.
    var idleInTransactionTimeout: Duration = .seconds(30)
    /// How many statements a connection keeps prepared.
    var preparedStatements = 256

    init(url: Secret) {
        self.url = url
    }

    var maximumConnections: Int { max(keptConnections + overflowConnections, 1) }
}
