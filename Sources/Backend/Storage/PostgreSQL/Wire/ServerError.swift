/// An error as PostgreSQL reports it, without the fields that quote values.
struct ServerError: Sendable, Equatable {
    /// Five characters; empty when libpq itself gave up.
    var sqlState: String
    var message: String
    var constraint: String?
    /// The server's function that raised it: the same in every language.
    var function: String?

    /// The prepared statement is gone or no longer fits the tables: to be prepared again. Its batch was undone.
    var isStalePlan: Bool {
        sqlState == "26000" || sqlState == "0A000" && function == "RevalidateCachedQuery"
    }

    /// After this the connection is better not used any more.
    var endsConnection: Bool {
        // A server that only reads has lost its role: another connection may reach the one that has it.
        sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") || ["25006", "25P03"].contains(sqlState)
    }
}

extension DatabaseError {
    init(_ error: ServerError) {
        let code = Code(sqlState: error.sqlState)
        // These quote what they were given.
        let isQuoting = error.sqlState.hasPrefix("22")
        self.init(
            code, Self.sentence(code, error), constraint: error.constraint,
            detail: "SQLSTATE \(error.sqlState)\(isQuoting ? "" : ": \(error.message)")")
    }

    private static func sentence(_ code: Code, _ error: ServerError) -> String {
        let constraint = error.constraint.map { " (\($0))" } ?? ""
        return switch code {
        case .uniqueViolation: "a value that must be unique is there already\(constraint)"
        case .foreignKeyViolation: "a row that is referred to is not there, or is still referred to\(constraint)"
        case .serializationFailure: "two transactions were in each other's way"
        case .timedOut: "the statement took longer than it may"
        case .diskFull: "PostgreSQL's disk is full"
        case .readOnly: "this PostgreSQL server only reads"
        case .schemaTooOld: "a table of this program is not there, or not yet"
        case .invalidValue: "a value is none that its column or function takes (SQLSTATE \(error.sqlState))"
        case .unavailable: "PostgreSQL ended the connection or takes none (SQLSTATE \(error.sqlState))"
        default: "PostgreSQL refused the statement (SQLSTATE \(error.sqlState))\(constraint)"
        }
    }
}

extension DatabaseError.Code {
    /// What a state of the appendix "PostgreSQL Error Codes" is here.
    init(sqlState: String) {
        self =
            switch sqlState {
            case "23505", "23P01": .uniqueViolation
            case "23503": .foreignKeyViolation
            case "40001", "40P01": .serializationFailure
            // Cancelled by statement_timeout or an administrator; a lock not had in time.
            case "57014", "55P03": .timedOut
            case "53100": .diskFull
            case "25006": .readOnly
            case "42P01": .schemaTooOld
            // Out of memory, too many connections, other limits; the transaction that waited too long for this program.
            case "53000", "53200", "53300", "53400", "25P03": .unavailable
            case _ where sqlState.hasPrefix("08") || sqlState.hasPrefix("57P"): .unavailable
            case _ where sqlState.hasPrefix("22"): .invalidValue
            default: .refused
            }
    }
}
