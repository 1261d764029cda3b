/// Encodes any `Encodable` into a `JSONValue`.
///
/// Containers write into boxes that they share with their parent, as `Encoder`'s contract asks.
final class JSONValueEncoder: Encoder {
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private var node: Node?

    private init(codingPath: [any CodingKey]) {
        self.codingPath = codingPath
    }

    static func encode<T: Encodable>(_ value: T, codingPath: [any CodingKey]) throws -> JSONValue {
        if let value = value as? JSONValue { return value }
        let encoder = JSONValueEncoder(codingPath: codingPath)
        try value.encode(to: encoder)
        // A type that encodes nothing at all reads back from an empty object.
        return encoder.node?.value ?? .object([:])
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let box: ObjectBox
        if case .object(let existing) = node { box = existing } else { box = ObjectBox() }
        node = .object(box)
        return KeyedEncodingContainer(KeyedContainer<Key>(box: box, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        let box: ArrayBox
        if case .array(let existing) = node { box = existing } else { box = ArrayBox() }
        node = .array(box)
        return UnkeyedContainer(box: box, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleContainer(encoder: self) }

    fileprivate static func number(_ value: some BinaryInteger, _ path: [any CodingKey]) throws -> JSONValue {
        guard let exact = Int64(exactly: value) else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: path, debugDescription: "\(value) does not fit 64 bits"))
        }
        return .integer(exact)
    }

    fileprivate static func number(_ value: Double, _ path: [any CodingKey]) throws -> JSONValue {
        guard value.isFinite else {
            throw EncodingError.invalidValue(value, .init(codingPath: path, debugDescription: "JSON has no \(value)"))
        }
        return .double(value)
    }
}

/// A value that may still be filled by a container that someone holds.
private indirect enum Node {
    case value(JSONValue)
    case object(ObjectBox)
    case array(ArrayBox)
    case encoder(JSONValueEncoder)

    var value: JSONValue {
        switch self {
        case .value(let value): value
        case .object(let box): .object(box.members.mapValues(\.value))
        case .array(let box): .array(box.items.map(\.value))
        case .encoder(let encoder): encoder.finished
        }
    }
}

private final class ObjectBox {
    var members: [String: Node] = [:]
}

private final class ArrayBox {
    var items: [Node] = []
}

extension JSONValueEncoder {
    fileprivate var finished: JSONValue { node?.value ?? .object([:]) }

    private struct SingleContainer: SingleValueEncodingContainer {
        let encoder: JSONValueEncoder
        var codingPath: [any CodingKey] { encoder.codingPath }

        private func set(_ value: JSONValue) { encoder.node = .value(value) }

        func encodeNil() throws { set(.null) }
        func encode(_ value: Bool) throws { set(.bool(value)) }
        func encode(_ value: String) throws { set(.string(value)) }
        func encode(_ value: Double) throws { set(try number(value, codingPath)) }
        func encode(_ value: Float) throws { set(try number(Double(value), codingPath)) }
        func encode<T: Encodable & BinaryInteger>(_ value: T) throws { set(try number(value, codingPath)) }
        func encode<T: Encodable>(_ value: T) throws {
            set(try JSONValueEncoder.encode(value, codingPath: codingPath))
        }
    }

    private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let box: ObjectBox
        let codingPath: [any CodingKey]

        private func set(_ value: JSONValue, _ key: Key) { box.members[key.stringValue] = .value(value) }

        func encodeNil(forKey key: Key) throws { set(.null, key) }
        func encode(_ value: Bool, forKey key: Key) throws { set(.bool(value), key) }
        func encode(_ value: String, forKey key: Key) throws { set(.string(value), key) }
        func encode(_ value: Double, forKey key: Key) throws { set(try number(value, codingPath + [key]), key) }
        func encode(_ value: Float, forKey key: Key) throws { set(try number(Double(value), codingPath + [key]), key) }
        func encode<T: Encodable & BinaryInteger>(_ value: T, forKey key: Key) throws {
            set(try number(value, codingPath + [key]), key)
        }
        func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            set(try JSONValueEncoder.encode(value, codingPath: codingPath + [key]), key)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            let nested = ObjectBox()
            box.members[key.stringValue] = .object(nested)
            return KeyedEncodingContainer(
                JSONValueEncoder.KeyedContainer<Nested>(box: nested, codingPath: codingPath + [key]))
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            let nested = ArrayBox()
            box.members[key.stringValue] = .array(nested)
            return UnkeyedContainer(box: nested, codingPath: codingPath + [key])
        }

        func superEncoder() -> any Encoder { nestedEncoder(JSONKey(stringValue: "super")) }
        func superEncoder(forKey key: Key) -> any Encoder { nestedEncoder(key) }

        private func nestedEncoder(_ key: some CodingKey) -> any Encoder {
            let encoder = JSONValueEncoder(codingPath: codingPath + [key])
            box.members[key.stringValue] = .encoder(encoder)
            return encoder
        }
    }

    private struct UnkeyedContainer: UnkeyedEncodingContainer {
        let box: ArrayBox
        let codingPath: [any CodingKey]

        var count: Int { box.items.count }
        private var path: [any CodingKey] { codingPath + [JSONKey(intValue: count)] }

        private func append(_ value: JSONValue) { box.items.append(.value(value)) }

        func encodeNil() throws { append(.null) }
        func encode(_ value: Bool) throws { append(.bool(value)) }
        func encode(_ value: String) throws { append(.string(value)) }
        func encode(_ value: Double) throws { append(try number(value, path)) }
        func encode(_ value: Float) throws { append(try number(Double(value), path)) }
        func encode<T: Encodable & BinaryInteger>(_ value: T) throws { append(try number(value, path)) }
        func encode<T: Encodable>(_ value: T) throws { append(try JSONValueEncoder.encode(value, codingPath: path)) }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            let nested = ObjectBox()
            let path = path
            box.items.append(.object(nested))
            return KeyedEncodingContainer(JSONValueEncoder.KeyedContainer<Nested>(box: nested, codingPath: path))
        }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            let nested = ArrayBox()
            let path = path
            box.items.append(.array(nested))
            return UnkeyedContainer(box: nested, codingPath: path)
        }

        func superEncoder() -> any Encoder {
            let encoder = JSONValueEncoder(codingPath: path)
            box.items.append(.encoder(encoder))
            return encoder
        }
    }
}
