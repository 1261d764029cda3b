/// The two databases' languages.
enum SQLDialect: String, Sendable {
    case sqlite, postgreSQL = "postgresql"
}

/// The text of a statement: one text for both databases where that is possible, one for each where it is not.
///
/// Arguments are `$1`, `$2`, …, each of which may occur more than once. Values never become part of a text.
struct SQLText: Sendable, Hashable, ExpressibleByStringLiteral {
    let sqlite: String
    let postgreSQL: String

    init(stringLiteral text: StaticString) {
        sqlite = text.description
        postgreSQL = sqlite
    }

    init(sqlite: StaticString, postgreSQL: StaticString) {
        self.sqlite = sqlite.description
        self.postgreSQL = postgreSQL.description
    }

    func text(for dialect: SQLDialect) -> String {
        dialect == .sqlite ? sqlite : postgreSQL
    }
}

/// One statement with its arguments, as a value: it is made without a database.
struct SQLStatement: Sendable, Hashable {
    /// How many rows a statement must return or change; otherwise its batch is undone.
    enum Expectation: Sendable, Hashable {
        case any
        case exactly(Int)
    }

    var text: SQLText
    var arguments: [SQLValue]
    var expectation = Expectation.any

    init(_ text: SQLText, _ arguments: [SQLValue] = [], expecting expectation: Expectation = .any) {
        self.text = text
        self.arguments = arguments
        self.expectation = expectation
    }
}

/// What one statement gave.
struct SQLResult: Sendable {
    /// The rows that a SELECT or a RETURNING clause gave.
    var rows: [SQLRow] = []
    /// How many rows were inserted, updated or deleted; for a SELECT, returned.
    var affectedRows = 0
}

/// One row; columns are read by position.
struct SQLRow: Sendable, Hashable {
    let values: [SQLValue]

    /// - Throws: ``DatabaseError`` with code `unexpectedValue` when the column is NULL or of another type.
    func get<Value: SQLConvertible>(_ index: Int, as type: Value.Type = Value.self) throws(DatabaseError) -> Value {
        guard values.indices.contains(index), let value = Value(sqlValue: values[index]) else {
            throw DatabaseError(.unexpectedValue, "column \(index) is no \(Value.self)")
        }
        return value
    }

    /// As ``get(_:as:)``; NULL is nil.
    func getOptional<Value: SQLConvertible>(
        _ index: Int, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value? {
        if values.indices.contains(index), values[index] == .null { return nil }
        return try get(index)
    }
}
