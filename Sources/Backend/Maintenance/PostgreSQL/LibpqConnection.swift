import CPQ

/// How programs of PostgreSQL are told where the database is: by variables, which other users of the machine cannot read, and
/// not by arguments, which they can.
struct LibpqConnection: Sendable, Equatable {
    /// libpq's own variables (`PGHOST`, `PGPASSWORD`, `PGSSLMODE`, …).
    var environment: [String: String] = [:]
    /// The settings that have no variable, as a connection string; none of them is secret.
    var options = ""
    /// Values that must not be printed.
    var secrets: [String] = []

    /// Reads a connection URL as libpq does.
    /// - Throws: ``MaintenanceError``, without any part of the URL.
    init(url: Secret) throws(MaintenanceError) {
        guard let first = PQconninfoParse(url.value, nil) else {
            throw MaintenanceError(description: "DATABASE_URL is not understood by libpq", status: .configuration)
        }
        defer { PQconninfoFree(first) }
        var unnamed: [String] = []
        var option = first
        // The array ends with an option without a keyword.
        while let keyword = option.pointee.keyword {
            defer { option += 1 }
            guard let value = option.pointee.val.map({ String(cString: $0) }), !value.isEmpty else { continue }
            let name = String(cString: keyword)
            // "*" and "D" mark passwords and the like.
            let isSecret = option.pointee.dispchar.map { String(cString: $0) } == "*"
            if isSecret { secrets.append(value) }
            if let variable = option.pointee.envvar {
                environment[String(cString: variable)] = value
            } else if isSecret {
                throw MaintenanceError(
                    description: "DATABASE_URL must not carry \(name) here: pg_dump takes it from its arguments only",
                    status: .configuration)
            } else {
                let escaped = value.reduce(into: "") { text, character in
                    if character == "'" || character == "\\" { text.append("\\") }
                    text.append(character)
                }
                unnamed.append("\(name)='\(escaped)'")
            }
        }
        options = unnamed.joined(separator: " ")
    }
}
