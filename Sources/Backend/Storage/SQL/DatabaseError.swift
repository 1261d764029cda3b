/// Why the database did not do what it was asked.
///
/// `description` holds names of tables and constraints at most; `detail` may hold more and goes to the log only. Neither holds
/// arguments or passwords.
struct DatabaseError: Error, Sendable {
    struct Code: Sendable, Hashable, CustomStringConvertible {
        let description: String

        /// No connection could be had, or it broke before the answer: nothing is known to have been done.
        static let unavailable = Code(description: "unavailable")
        /// Every connection of the pool was in use for too long.
        static let poolExhausted = Code(description: "pool_exhausted")
        /// The statement ran longer than it may.
        static let timedOut = Code(description: "timed_out")
        /// A value that must be unique is there already; `constraint` says which.
        static let uniqueViolation = Code(description: "unique_violation")
        /// A row that is referred to is not there; `constraint` says which.
        static let foreignKeyViolation = Code(description: "foreign_key_violation")
        /// A statement changed or returned another number of rows than expected: the batch was undone.
        static let expectationFailed = Code(description: "expectation_failed")
        /// Two transactions were in each other's way, and this one was undone: it may be repeated.
        static let serializationFailure = Code(description: "serialization_failure")
        /// The disk or a quota is full.
        static let diskFull = Code(description: "disk_full")
        /// The database may only be read.
        static let readOnly = Code(description: "read_only")
        /// A column holds something else than this program puts there.
        static let unexpectedValue = Code(description: "unexpected_value")
        /// An argument is none that the database can hold, such as text with a NUL character.
        static let invalidValue = Code(description: "invalid_value")
        /// The schema is newer than this program.
        static let schemaTooNew = Code(description: "schema_too_new")
        /// The schema is older than this program.
        static let schemaTooOld = Code(description: "schema_too_old")
        /// Anything else that the database refused.
        static let refused = Code(description: "refused")
    }

    var code: Code
    /// For people; reveals no values.
    var message: String
    /// The violated constraint, or for SQLite, which does not name it, `table.column` with commas between.
    var constraint: String?
    /// For `expectationFailed`: which statement of the batch.
    var statementIndex: Int?
    /// The database's own words, for the log.
    var detail: String?

    init(_ code: Code, _ message: String, constraint: String? = nil, statementIndex: Int? = nil, detail: String? = nil)
    {
        self.code = code
        self.message = message
        self.constraint = constraint
        self.statementIndex = statementIndex
        self.detail = detail
    }

    /// Whether the same request may succeed later without anybody doing anything.
    var isTransient: Bool {
        [.unavailable, .poolExhausted, .timedOut, .serializationFailure].contains(code)
    }
}

extension DatabaseError: CustomStringConvertible, CustomDebugStringConvertible {
    var description: String { "database: \(message)" }
    var debugDescription: String { "database: \(code): \(message)\(detail.map { " (\($0))" } ?? "")" }
}
