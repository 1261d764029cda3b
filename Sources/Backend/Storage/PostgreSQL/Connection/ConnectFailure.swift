/// Why no connection could be made.
struct ConnectFailure: Error, Sendable {
    let error: DatabaseError
    /// Nothing but a person changes it: the password, the database's name.
    let isPermanent: Bool

    static let unreadableURL = ConnectFailure(
        error: DatabaseError(.refused, "libpq does not understand DATABASE_URL"), isPermanent: true)

    private init(error: DatabaseError, isPermanent: Bool) {
        self.error = error
        self.isPermanent = isPermanent
    }

    /// - Parameters:
    ///   - message: libpq's, of verbosity `PQERRORS_VERBOSE`: `connection to server at "db", port 5432 failed: FATAL:
    ///     28P01: password authentication failed for user "u"`.
    ///   - password: What must not be repeated.
    init(libpq message: String, hiding password: String? = nil) {
        var line = firstLine(of: message)
        if let password, !password.isEmpty { line = line.replacing(password, with: "***") }
        // Two spaces follow the severity, whose word may have five letters too.
        let found = line.firstMatch(of: /:  ([0-9A-Z]{5}): +/)
        let state = found.map { String($0.1) } ?? ""
        // The server's sentence alone; the severity and code before it are for programs.
        if let found { line = String(line[found.range.upperBound...]) }
        // Connecting is refused for good when the server says so with a code that is not of the passing kind.
        isPermanent = !state.isEmpty && DatabaseError.Code(sqlState: state) != .unavailable
        error = DatabaseError(
            isPermanent ? .refused : .unavailable, "cannot connect to PostgreSQL: \(line)",
            detail: state.isEmpty ? nil : "SQLSTATE \(state)")
    }
}
