/// Why a JSON value is not the type that was asked for.
public struct JSONDecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where in the value, as `.spec.containers[0].image`; `.` is the value itself.
    public let path: String
    /// What was wrong there, as a clause.
    public let reason: String

    /// The path and the reason.
    public var description: String { "\(path): \(reason)" }
}

/// Why a Swift value cannot be written as JSON.
public struct JSONEncodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where in the value, as `.spec.replicas`.
    public let path: String
    /// What was wrong there, as a clause.
    public let reason: String

    /// The path and the reason.
    public var description: String { "\(path): \(reason)" }
}

extension JSONValue {
    /// Reads this value as `type`; a `JSONValue` is handed over as it is.
    /// - Throws: `JSONDecodingError` with the path of the field that does not fit.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws(JSONDecodingError) -> T {
        if type == JSONValue.self, let value = self as? T { return value }
        do {
            return try T(from: JSONValueDecoder(value: self, path: .root))
        } catch let error as DecodingError {
            throw JSONDecodingError(error)
        } catch {
            throw JSONDecodingError(path: ".", reason: "\(error)")
        }
    }

    /// Writes a Swift value as JSON. Optionals that are `nil` are left out where the type's own coding leaves them out.
    /// - Throws: `JSONEncodingError` for numbers that JSON or 64 bits cannot hold.
    public init(encoding value: some Encodable) throws(JSONEncodingError) {
        do {
            self = try JSONValueEncoder.encode(value, codingPath: [])
        } catch let error as EncodingError {
            throw JSONEncodingError(error)
        } catch {
            throw JSONEncodingError(path: ".", reason: "\(error)")
        }
    }

    /// What kind of value this is, as messages name it.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: Codable {
    /// Reads any JSON value with any decoder; from `JSONValue.decode` without a copy.
    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? JSONValueDecoder {
            self = decoder.value
            return
        }
        if let decoder = decoder as? JSONTapeDecoder {
            self = decoder.node.value
            return
        }
        if let container = try? decoder.container(keyedBy: JSONKey.self) {
            var members: [String: JSONValue] = [:]
            for key in container.allKeys {
                members[key.stringValue] = try container.decode(JSONValue.self, forKey: key)
            }
            self = .object(members)
        } else if var container = try? decoder.unkeyedContainer() {
            var items: [JSONValue] = []
            while !container.isAtEnd { items.append(try container.decode(JSONValue.self)) }
            self = .array(items)
        } else {
            self = try Self(scalar: try decoder.singleValueContainer())
        }
    }

    private init(scalar container: any SingleValueDecodingContainer) throws {
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Writes the value with any encoder, member by member.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members):
            var container = encoder.container(keyedBy: JSONKey.self)
            for (name, value) in members { try container.encode(value, forKey: JSONKey(stringValue: name)) }
        case .array(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(item) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .integer(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .double(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .string(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        }
    }
}

/// A key that may be any text, or an index.
enum JSONKey: CodingKey {
    case name(String)
    case index(Int)

    init(stringValue: String) { self = .name(stringValue) }
    init(intValue: Int) { self = .index(intValue) }

    var stringValue: String {
        switch self {
        case .name(let name): name
        case .index(let index): "\(index)"
        }
    }

    var intValue: Int? {
        if case .index(let index) = self { index } else { nil }
    }
}

extension Collection<any CodingKey> {
    /// The path as users write it: `.spec.containers[0].image`.
    var dotted: String {
        if isEmpty { return "." }
        return map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
    }
}

extension JSONDecodingError {
    /// - Parameter depth: how many of the path's first keys lead to what was decoded, and say nothing to whoever asked for that.
    init(_ error: DecodingError, below depth: Int = 0) {
        switch error {
        case .keyNotFound(let key, let context):
            self.init(path: (context.codingPath.dropFirst(depth) + [key]).dotted, reason: "is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            self.init(path: context.codingPath.dropFirst(depth).dotted, reason: context.debugDescription)
        @unknown default:
            self.init(path: ".", reason: "\(error)")
        }
    }
}

extension JSONEncodingError {
    init(_ error: EncodingError) {
        switch error {
        case .invalidValue(_, let context):
            self.init(path: context.codingPath.dotted, reason: context.debugDescription)
        @unknown default:
            self.init(path: ".", reason: "\(error)")
        }
    }
}
