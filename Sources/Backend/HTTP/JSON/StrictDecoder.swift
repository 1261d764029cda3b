import FoundationEssentials

/// A value that is decoded strictly: a member of an object that its type does not ask for is an error, at any depth.
///
/// It stands between a type and its decoder, notes the keys that the type asks for, and compares them with those that are there.
struct Strict<Value: Decodable>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        guard !(Value.self is any DecodedAsIs.Type) else {
            value = try decoder.singleValueContainer().decode(Value.self)
            return
        }
        let strict = StrictDecoder(decoder)
        do {
            value = try Value(from: strict)
        } catch let error as InvalidValue {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.requirement))
        } catch DecodingError.dataCorrupted(let context) {
            guard let requirement = Self.requirement else { throw DecodingError.dataCorrupted(context) }
            throw DecodingError.dataCorrupted(.init(codingPath: context.codingPath, debugDescription: requirement))
        }
        try strict.keys.refuseUnknown(at: decoder.codingPath)
    }

    /// What a value must be, for types whose own errors are worded for programmers.
    private static var requirement: String? {
        if Value.self == UUID.self { return "must be a UUID" }
        guard let type = Value.self as? any (RawRepresentable & CaseIterable).Type else { return nil }
        return "must be one of \(names(of: type).joined(separator: ", "))"
    }

    private static func names<Choice: RawRepresentable & CaseIterable>(of type: Choice.Type) -> [String] {
        type.allCases.map { "\($0.rawValue)" }
    }
}

/// Types that hold no objects, or that the decoder itself treats in a way of their own.
private protocol DecodedAsIs {}

extension String: DecodedAsIs {}
extension Bool: DecodedAsIs {}
extension Int: DecodedAsIs {}
extension Int8: DecodedAsIs {}
extension Int16: DecodedAsIs {}
extension Int32: DecodedAsIs {}
extension Int64: DecodedAsIs {}
extension UInt: DecodedAsIs {}
extension UInt8: DecodedAsIs {}
extension UInt16: DecodedAsIs {}
extension UInt32: DecodedAsIs {}
extension UInt64: DecodedAsIs {}
extension Float: DecodedAsIs {}
extension Double: DecodedAsIs {}
extension Decimal: DecodedAsIs {}
extension Data: DecodedAsIs {}
extension Date: DecodedAsIs {}
extension URL: DecodedAsIs {}

/// The keys that an object has and those of them that were asked for.
private final class KeyRecord {
    private var present: Set<String> = []
    private var asked: Set<String> = []
    private var nested: [(path: [any CodingKey], keys: KeyRecord)] = []

    func add(present keys: [AnyKey]) {
        present.formUnion(keys.map(\.stringValue))
    }

    func ask(_ key: some CodingKey) {
        asked.insert(key.stringValue)
    }

    func ask(all keys: [some CodingKey]) {
        asked.formUnion(keys.map(\.stringValue))
    }

    func add(nested keys: KeyRecord, at path: [any CodingKey]) {
        nested.append((path, keys))
    }

    func refuseUnknown(at path: [any CodingKey]) throws {
        if let key = present.subtracting(asked).min() {
            throw DecodingError.dataCorrupted(
                .init(codingPath: path + [AnyKey(key)], debugDescription: UnknownField.requirement))
        }
        for (path, keys) in nested { try keys.refuseUnknown(at: path) }
    }
}

/// How an unknown field is told from a wrong one in a `DecodingError`.
enum UnknownField {
    static let requirement = "must not be set: there is no such field"
}

/// Any key.
struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) {
        stringValue = name
        intValue = nil
    }

    init?(stringValue: String) {
        self.init(stringValue)
    }

    init?(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}

private struct StrictDecoder: Decoder {
    let base: any Decoder
    let keys = KeyRecord()

    var codingPath: [any CodingKey] { base.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

    init(_ base: any Decoder) {
        self.base = base
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        keys.add(present: try base.container(keyedBy: AnyKey.self).allKeys)
        return KeyedDecodingContainer(StrictKeyedContainer(base: try base.container(keyedBy: type), keys: keys))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        StrictUnkeyedContainer(base: try base.unkeyedContainer(), keys: keys)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        StrictSingleValueContainer(base: try base.singleValueContainer())
    }
}

private struct StrictKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let base: KeyedDecodingContainer<Key>
    let keys: KeyRecord

    var codingPath: [any CodingKey] { base.codingPath }

    /// Who looks at all keys decides about each.
    var allKeys: [Key] {
        keys.ask(all: base.allKeys)
        return base.allKeys
    }

    func contains(_ key: Key) -> Bool {
        keys.ask(key)
        return base.contains(key)
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        keys.ask(key)
        return try base.decodeNil(forKey: key)
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        keys.ask(key)
        return try base.decode(Strict<Value>.self, forKey: key).value
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        keys.ask(key)
        let record = KeyRecord()
        record.add(present: try base.nestedContainer(keyedBy: AnyKey.self, forKey: key).allKeys)
        keys.add(nested: record, at: codingPath + [key])
        let nested = try base.nestedContainer(keyedBy: type, forKey: key)
        return KeyedDecodingContainer(StrictKeyedContainer<Nested>(base: nested, keys: record))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        keys.ask(key)
        return StrictUnkeyedContainer(base: try base.nestedUnkeyedContainer(forKey: key), keys: keys)
    }

    func superDecoder() throws -> any Decoder { try base.superDecoder() }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        keys.ask(key)
        return try base.superDecoder(forKey: key)
    }
}

private struct StrictUnkeyedContainer: UnkeyedDecodingContainer {
    var base: any UnkeyedDecodingContainer
    let keys: KeyRecord

    var codingPath: [any CodingKey] { base.codingPath }
    var count: Int? { base.count }
    var isAtEnd: Bool { base.isAtEnd }
    var currentIndex: Int { base.currentIndex }

    mutating func decodeNil() throws -> Bool { try base.decodeNil() }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try base.decode(Strict<Value>.self).value
    }

    /// The members of such an object cannot be looked at twice, so that a type with one must decode a type of its own instead.
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try base.nestedContainer(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        StrictUnkeyedContainer(base: try base.nestedUnkeyedContainer(), keys: keys)
    }

    mutating func superDecoder() throws -> any Decoder { try base.superDecoder() }
}

private struct StrictSingleValueContainer: SingleValueDecodingContainer {
    let base: any SingleValueDecodingContainer

    var codingPath: [any CodingKey] { base.codingPath }

    func decodeNil() -> Bool { base.decodeNil() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard !(type is any DecodedAsIs.Type) else { return try base.decode(type) }
        return try base.decode(Strict<Value>.self).value
    }
}
