extension JSONValueDecoder {
    /// The items of an array, in order.
    struct UnkeyedContainer: UnkeyedDecodingContainer {
        let items: [JSONValue]
        let path: JSONCodingPath
        var codingPath: [any CodingKey] { path.keys }
        var currentIndex = 0

        init(items: [JSONValue], path: JSONCodingPath) {
            (self.items, self.path) = (items, path)
        }

        var count: Int? { items.count }
        var isAtEnd: Bool { currentIndex >= items.count }

        private mutating func next() throws -> JSONValueDecoder {
            let path = JSONCodingPath.key(JSONKey.index(currentIndex), of: path)
            guard currentIndex < items.count else {
                throw DecodingError.valueNotFound(
                    JSONValue.self, .init(codingPath: path.keys, debugDescription: "the array has no more items"))
            }
            defer { currentIndex += 1 }
            return JSONValueDecoder(value: items[currentIndex], path: path)
        }

        mutating func decodeNil() throws -> Bool {
            guard currentIndex < items.count, items[currentIndex].isNull else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode(_ type: Bool.Type) throws -> Bool { try next().decode(type) }
        mutating func decode(_ type: String.Type) throws -> String {
            if currentIndex < items.count, case .string(let text) = items[currentIndex] {
                currentIndex += 1
                return text
            }
            return try next().decode(type)
        }
        mutating func decode(_ type: Double.Type) throws -> Double { try next().decode(type) }
        mutating func decode(_ type: Float.Type) throws -> Float { try next().decode(type) }
        mutating func decode(_ type: Int.Type) throws -> Int { try next().integer(type) }
        mutating func decode(_ type: Int8.Type) throws -> Int8 { try next().integer(type) }
        mutating func decode(_ type: Int16.Type) throws -> Int16 { try next().integer(type) }
        mutating func decode(_ type: Int32.Type) throws -> Int32 { try next().integer(type) }
        mutating func decode(_ type: Int64.Type) throws -> Int64 { try next().integer(type) }
        mutating func decode(_ type: UInt.Type) throws -> UInt { try next().integer(type) }
        mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next().integer(type) }
        mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next().integer(type) }
        mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next().integer(type) }
        mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next().integer(type) }
        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> {
            try next().container(keyedBy: type)
        }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            try next().unkeyedContainer()
        }

        mutating func superDecoder() throws -> any Decoder { try next() }
    }
}
