import Logging
import Observability

/// What the maintenance commands need: the database and the log. They run where the service's other settings need not be.
struct MaintenanceSettings: Sendable {
    let database: DatabaseURL
    let logLevel: Logger.Level
    let logFormat: LogFormat
    /// Everything that is set, for the programs that are started.
    let variables: [String: String]

    init(variables: [String: String]) throws(ConfigurationError) {
        var reader = SettingsReader(variables: variables)
        database = reader.value("DATABASE_URL", .hidden, parse: DatabaseURL.init(parsing:)) ?? .sqlite(path: "./app.db")
        logLevel = reader.value("LOG_LEVEL", parse: Logger.Level.init(parsing:)) ?? .info
        logFormat = reader.value("LOG_FORMAT", parse: LogFormat.init(parsing:)) ?? .json
        self.variables = variables
        if !reader.problems.isEmpty { throw ConfigurationError(problems: reader.problems) }
    }

    func gzip(_ logger: Logger) -> Gzip {
        Gzip(environment: ChildProgram.inherited(variables), logger: logger)
    }

    /// What a backup is made of.
    func dumpSource(_ logger: Logger) throws(MaintenanceError) -> any DumpSource {
        switch database {
        case .sqlite(let path): SQLiteDumpSource(path: path)
        case .sqliteInMemory: throw Self.inMemory
        case .postgreSQL(let url, _, _, _, _):
            PostgreSQLDumpSource(programs: try PostgreSQLPrograms(url: url, variables: variables, logger: logger))
        }
    }

    /// What a backup is put into.
    func restoreTarget(_ logger: Logger) throws(MaintenanceError) -> any RestoreTarget {
        switch database {
        case .sqlite(let path): SQLiteRestoreTarget(path: path)
        case .sqliteInMemory: throw Self.inMemory
        case .postgreSQL(let url, _, _, _, _):
            PostgreSQLRestoreTarget(programs: try PostgreSQLPrograms(url: url, variables: variables, logger: logger))
        }
    }

    private static let inMemory = MaintenanceError(
        description: "DATABASE_URL names a database in memory, which ends with its process", status: .configuration)
}
