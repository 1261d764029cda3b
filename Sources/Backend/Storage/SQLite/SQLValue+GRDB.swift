import FoundationEssentials
import GRDB

extension SQLValue {
    /// The value as SQLite keeps it.
    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .double(let value): value.databaseValue
        case .text(let value), .json(let value): value.databaseValue
        case .bytes(let value): Data(value).databaseValue
        case .boolean(let value): value.databaseValue
        case .timestamp(let value): value.microseconds.databaseValue
        case .uuid(let value): value.uuidString.lowercased().databaseValue
        }
    }

    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .bytes(Array(value))
        }
    }
}
