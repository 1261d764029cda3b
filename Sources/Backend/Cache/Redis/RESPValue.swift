/// A value of the Redis serialization protocol, version 3 (RESP3), and of version 2 where the two differ.
enum RESPValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    /// An integer of any size, as its digits.
    case bigNumber(String)
    case simpleString(String)
    /// A refusal: its first word is a code, such as `NOSCRIPT`.
    case error(String)
    /// A bulk string, or a verbatim string without its format.
    case bulkString([UInt8])
    case array([RESPValue])
    case set([RESPValue])
    /// Keys and values in turn.
    case map([RESPValue])
    /// What the server sends unasked: messages of channels above all.
    case push([RESPValue])
}

extension RESPValue {
    /// The text of a string of either kind; nil for everything else and for bytes that are not UTF-8.
    var text: String? {
        switch self {
        case .simpleString(let text): text
        case .bulkString(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The elements of an array or a set.
    var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements): elements
        default: nil
        }
    }
}

/// What a server sent is not RESP, or is beyond a bound. The connection cannot be used any more.
struct RESPError: Error, Equatable, CustomStringConvertible {
    /// In words of ours: nothing of what was received.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
