/// The items of an array, in order.
struct JSONUnkeyedContainer: UnkeyedDecodingContainer {
    var items: JSONItems
    var codingPath: [any CodingKey] { items.path }
    var currentIndex: Int { items.currentIndex }
    var count: Int? { items.count }
    var isAtEnd: Bool { items.isAtEnd }

    /// Decodes the current item and goes on to the next; one that does not fit stays the current one.
    private mutating func next<T>(_ decode: (JSONNode) throws -> T) throws -> T {
        guard let node = items.current else {
            let path = items.path + [JSONKey.index(currentIndex)]
            throw DecodingError.valueNotFound(
                T.self, .init(codingPath: path, debugDescription: "the array has no more items"))
        }
        let value = try decode(node)
        items.advance()
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard let node = items.current, node.isNull else { return false }
        items.advance()
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.decode(type) } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try $0.decode(type) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.decode(type) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try next { Float(try $0.decode(Double.self)) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try $0.decode(integer: type) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try $0.decode(integer: type) } }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next { try $0.decode(type) } }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try next { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try next { $0.decoder } }
}
