/// Decodes any `Decodable` straight from a `JSONValue`, without a detour over bytes.
struct JSONValueDecoder: Decoder {
    let value: JSONValue
    let path: JSONCodingPath
    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch([String: JSONValue].self, "an object") }
        return KeyedDecodingContainer(KeyedContainer<Key>(members: members, path: path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let items) = value else { throw mismatch([JSONValue].self, "an array") }
        return UnkeyedContainer(items: items, path: path)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func mismatch(_ type: any Any.Type, _ wanted: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "must be \(wanted), not \(value.kindName)")
        return value.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let exact: T? =
            switch value {
            case .integer(let value): T(exactly: value)
            case .double(let value): T(exactly: value)
            default: throw mismatch(type, "an integer")
            }
        guard let exact else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: codingPath, debugDescription: "\(value.jsonText) is no integer in \(type)'s range"))
        }
        return exact
    }
}

extension JSONValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value.isNull }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .bool(let value) = value else { throw mismatch(type, "true or false") }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        guard case .string(let value) = value else { throw mismatch(type, "a string") }
        return value
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let value = value.double else { throw mismatch(type, "a number") }
        return value
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if type == JSONValue.self, let value = value as? T { return value }
        // Dictionaries of strings (labels, data) are by far the commonest nested type; the generic way costs more.
        if type == [String: String].self, case .object(let members) = value {
            var result: [String: String] = .init(minimumCapacity: members.count)
            for (name, member) in members {
                guard case .string(let text) = member else {
                    let path = JSONCodingPath.key(JSONKey.name(name), of: path)
                    throw JSONValueDecoder(value: member, path: path).mismatch(String.self, "a string")
                }
                result[name] = text
            }
            if let result = result as? T { return result }
        }
        return try T(from: self)
    }
}

/// Where in a document a decoder is: a chain, since lists of keys would be copied at every step and are asked for only by errors.
indirect enum JSONCodingPath {
    case root
    case key(any CodingKey, of: JSONCodingPath)

    init(_ keys: [any CodingKey]) {
        self = keys.reduce(.root) { .key($1, of: $0) }
    }

    var keys: [any CodingKey] {
        var keys: [any CodingKey] = []
        var rest = self
        while case .key(let key, of: let outer) = rest {
            keys.append(key)
            rest = outer
        }
        return keys.reversed()
    }
}
