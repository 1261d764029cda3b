import GRDB

extension Backend.DatabaseError {
    /// What SQLite's result code means to this program.
    init(_ error: GRDB.DatabaseError) {
        let constraint = error.message.flatMap(Self.constraint)
        let detail = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "")"
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            self.init(
                .uniqueViolation, "a value that must be unique is there already (\(constraint ?? "?"))",
                constraint: constraint, detail: detail)
        case .SQLITE_CONSTRAINT_FOREIGNKEY, .SQLITE_CONSTRAINT_TRIGGER:
            self.init(.foreignKeyViolation, "a row that is referred to is not there", detail: detail)
        case .SQLITE_ERROR where error.message?.hasPrefix("no such table: ") == true:
            self.init(.schemaTooOld, "a table of this program is not there, or not yet", detail: detail)
        default:
            self = Self.other(error.resultCode, detail)
        }
    }

    private static func other(_ code: ResultCode, _ detail: String) -> Backend.DatabaseError {
        switch code {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            DatabaseError(.timedOut, "another process is writing to the database", detail: detail)
        case .SQLITE_FULL: DatabaseError(.diskFull, "the disk is full", detail: detail)
        case .SQLITE_READONLY, .SQLITE_PERM: DatabaseError(.readOnly, "the database may only be read", detail: detail)
        case .SQLITE_CANTOPEN: DatabaseError(.unavailable, "the database file cannot be opened", detail: detail)
        case .SQLITE_IOERR: DatabaseError(.unavailable, "the database file cannot be read or written", detail: detail)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            DatabaseError(.refused, "the file is no SQLite database, or is damaged", detail: detail)
        default: DatabaseError(.refused, "SQLite refused a statement", detail: detail)
        }
    }

    /// - Parameter error: What GRDB threw while it opened the file `path`.
    init(opening path: String, _ error: any Error) {
        guard let error = error as? GRDB.DatabaseError else {
            self.init(.unavailable, "\(path) cannot be opened", detail: String(describing: error))
            return
        }
        self.init(error)
        message = "\(path): \(message)"
    }

    /// `TABLE.COLUMN` in "UNIQUE constraint failed: TABLE.COLUMN".
    private static func constraint(in message: String) -> String? {
        message.split(separator: ": ", maxSplits: 1).dropFirst().first.map(String.init)
    }
}
