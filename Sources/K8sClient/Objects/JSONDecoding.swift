/// Decodes any `Decodable` straight from a place in a document, without a detour over bytes.
protocol JSONDecoding: Decoder {
    var node: JSONNode { get }
}

/// Decodes from a tape. Apart from the other so that each is small enough to be handed over without memory of its own.
struct JSONTapeDecoder: JSONDecoding {
    let tape: JSONTape
    let index: Int
    var node: JSONNode { .tape(tape, index) }
}

/// Decodes from a value.
struct JSONValueDecoder: JSONDecoding {
    let value: JSONValue
    let path: JSONCodingPath
    var node: JSONNode { .value(value, in: path, key: nil) }
}

extension JSONDecoding {
    var codingPath: [any CodingKey] { node.path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try node.container(keyedBy: type)
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try node.unkeyedContainer() }

    func singleValueContainer() -> any SingleValueDecodingContainer { JSONSingleValueContainer(node: node) }
}

extension JSONNode {
    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members else { throw mismatch([String: JSONValue].self, "an object") }
        return KeyedDecodingContainer(JSONKeyedContainer<Key>(members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let items else { throw mismatch([JSONValue].self, "an array") }
        return JSONUnkeyedContainer(items: items)
    }

    var decoder: any Decoder {
        switch self {
        case .tape(let tape, let index): JSONTapeDecoder(tape: tape, index: index)
        case .value(let value, in: let outer, key: let key):
            JSONValueDecoder(value: value, path: outer.appending(key))
        }
    }
}

struct JSONSingleValueContainer: SingleValueDecodingContainer {
    let node: JSONNode
    var codingPath: [any CodingKey] { node.path }

    func decodeNil() -> Bool { node.isNull }

    func decode(_ type: Bool.Type) throws -> Bool { try node.decode(type) }
    func decode(_ type: String.Type) throws -> String { try node.decode(type) }
    func decode(_ type: Double.Type) throws -> Double { try node.decode(type) }
    func decode(_ type: Float.Type) throws -> Float { Float(try node.decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try node.decode(integer: type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try node.decode(integer: type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try node.decode(integer: type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try node.decode(integer: type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try node.decode(integer: type) }
    func decode(_ type: UInt.Type) throws -> UInt { try node.decode(integer: type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try node.decode(integer: type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try node.decode(integer: type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try node.decode(integer: type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try node.decode(integer: type) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try node.decode(type) }
}
