/// The types of columns and arguments that the service uses, by the numbers of `pg_type`, which never change.
enum PostgreSQLType: UInt32, Sendable {
    case bool = 16
    case bytea = 17
    case name = 19
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case oid = 26
    case json = 114
    case float4 = 700
    case float8 = 701
    case unknown = 705
    case bpchar = 1042
    case varchar = 1043
    case timestamptz = 1184
    case numeric = 1700
    case void = 2278
    case uuid = 2950
    case jsonb = 3802

    /// As which type an argument is declared; nil for NULL, where the server looks at what is around it.
    init?(of value: SQLValue) {
        switch value {
        case .null: return nil
        case .integer: self = .int8
        case .double: self = .float8
        case .text: self = .text
        case .bytes: self = .bytea
        case .boolean: self = .bool
        case .timestamp: self = .timestamptz
        case .uuid: self = .uuid
        case .json: self = .jsonb
        }
    }
}
