import FoundationEssentials

/// A value in a column or an argument, in the types that both databases have.
///
/// SQLite has no types of its own for the last four; there they are INTEGER (0 and 1, microseconds) and TEXT.
enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case double(Double)
    case text(String)
    case bytes([UInt8])
    case boolean(Bool)
    /// `timestamptz` in PostgreSQL.
    case timestamp(Timestamp)
    /// `uuid` in PostgreSQL.
    case uuid(UUID)
    /// A JSON document; `jsonb` in PostgreSQL.
    case json(String)
}

/// A type that can be an argument and a column.
protocol SQLConvertible: Sendable {
    var sqlValue: SQLValue { get }
    /// - Returns: Nil when `value` is not of this type, NULL included.
    init?(sqlValue: SQLValue)
}

extension Int64: SQLConvertible {
    var sqlValue: SQLValue { .integer(self) }

    init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self = value
    }
}

extension Int: SQLConvertible {
    var sqlValue: SQLValue { .integer(Int64(self)) }

    init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self.init(exactly: value)
    }
}

extension Double: SQLConvertible {
    var sqlValue: SQLValue { .double(self) }

    init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .double(let value): self = value
        case .integer(let value): self = Double(value)
        default: return nil
        }
    }
}

extension String: SQLConvertible {
    var sqlValue: SQLValue { .text(self) }

    init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .text(let value), .json(let value): self = value
        default: return nil
        }
    }
}

extension [UInt8]: SQLConvertible {
    var sqlValue: SQLValue { .bytes(self) }

    init?(sqlValue: SQLValue) {
        guard case .bytes(let value) = sqlValue else { return nil }
        self = value
    }
}

extension Bool: SQLConvertible {
    var sqlValue: SQLValue { .boolean(self) }

    init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .boolean(let value): self = value
        case .integer(0): self = false
        case .integer(1): self = true
        default: return nil
        }
    }
}

extension Timestamp: SQLConvertible {
    var sqlValue: SQLValue { .timestamp(self) }

    init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .timestamp(let value): self = value
        case .integer(let microseconds): self.init(microseconds: microseconds)
        default: return nil
        }
    }
}

extension UUID: SQLConvertible {
    var sqlValue: SQLValue { .uuid(self) }

    init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .uuid(let value): self = value
        case .text(let text): self.init(uuidString: text)
        default: return nil
        }
    }
}

extension SQLConvertible where Self: RawRepresentable, RawValue == String {
    var sqlValue: SQLValue { .text(rawValue) }

    init?(sqlValue: SQLValue) {
        guard let text = String(sqlValue: sqlValue) else { return nil }
        self.init(rawValue: text)
    }
}

extension Optional where Wrapped: SQLConvertible {
    /// The value, or NULL.
    var sqlValue: SQLValue { self?.sqlValue ?? .null }
}
