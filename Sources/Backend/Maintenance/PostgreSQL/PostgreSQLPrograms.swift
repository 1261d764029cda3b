import Logging

/// pg_dump and psql, pointed at one database.
struct PostgreSQLPrograms: Sendable {
    let connection: LibpqConnection
    let environment: [String: String]
    let logger: Logger

    /// Separates columns in what psql prints: the names of tables do not hold it.
    static let separator: Character = "\u{1F}"

    /// - Parameter variables: This process's environment.
    init(url: Secret, variables: [String: String], logger: Logger) throws(MaintenanceError) {
        connection = try LibpqConnection(url: url)
        var environment = ChildProgram.inherited(variables)
        environment["PGCONNECT_TIMEOUT"] = environment["PGCONNECT_TIMEOUT"] ?? "10"
        environment["PGAPPNAME"] = Version.program
        environment["PGCLIENTENCODING"] = "UTF8"
        self.environment = environment.merging(connection.environment) { _, given in given }
        self.logger = logger
    }

    func pgDump(_ arguments: [String]) -> ChildProgram {
        program("pg_dump", ["--no-password"] + arguments)
    }

    /// psql that stops at the first error and prints rows only.
    func psql(_ arguments: [String] = []) -> ChildProgram {
        program(
            "psql",
            [
                "--no-password", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                "--field-separator=\(Self.separator)", "--set=ON_ERROR_STOP=1",
            ] + arguments)
    }

    /// The rows that a script's statements print.
    func query(_ script: String) async throws -> [[String]] {
        Self.rows(try await psql().output(input: script, logger: logger))
    }

    /// What pg_dump says of itself, and its major version.
    func pgDumpVersion() async throws -> (text: String, major: Int) {
        let program = ChildProgram(name: "pg_dump", arguments: ["--version"], environment: environment)
        let text =
            try await program.output(logger: logger).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        // pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
        guard let number = text.split(separator: " ").first(where: { $0.first?.isNumber == true }),
            let major = Int(number.prefix { $0.isNumber })
        else { throw MaintenanceError.unavailable("pg_dump does not tell its version: \(text)") }
        return (text, major)
    }

    static func rows(_ output: String) -> [[String]] {
        output.split(separator: "\n").map { line in
            line.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
        }
    }

    private func program(_ name: String, _ arguments: [String]) -> ChildProgram {
        let options = connection.options.isEmpty ? [] : ["--dbname=\(connection.options)"]
        return ChildProgram(
            name: name, arguments: arguments + options, environment: environment, secrets: connection.secrets)
    }
}
