/// A place in a document, as decoding sees it: a part of a tape, or a `JSONValue`.
///
/// One type for both and no protocol: containers that are generic over one are not specialised for it by the compiler, which made
/// decoding from a tape three times as slow.
enum JSONNode {
    case tape(JSONTape, Int)
    /// With the place of the object or array that holds the value, and the value's own there. They are put together only when
    /// they are needed, since most values are scalars that fit.
    case value(JSONValue, in: JSONCodingPath, key: JSONKey?)

    init(_ value: JSONValue) { self = .value(value, in: .root, key: nil) }

    /// All of it.
    var value: JSONValue {
        switch self {
        case .tape(let tape, let index): tape.value(index)
        case .value(let value, in: _, key: _): value
        }
    }

    /// Where it is; asked for only by errors.
    var path: [any CodingKey] {
        switch self {
        case .tape(let tape, let index): tape.path(to: index)
        case .value(_, in: let outer, key: let key): outer.appending(key).keys
        }
    }

    /// What is neither an object nor an array nor a string of a tape.
    private var scalar: JSONValue? {
        switch self {
        case .tape(let tape, let index): tape.kind(index) == .value ? tape.value(index) : nil
        case .value(let value, in: _, key: _): value
        }
    }

    var isNull: Bool { scalar?.isNull ?? false }

    /// The text, when this is a string.
    var string: String? {
        switch self {
        case .tape(let tape, let index):
            switch tape.kind(index) {
            case .string, .madeString: tape.text(index)
            case .value: tape.value(index).string
            case .object, .array: nil
            }
        case .value(let value, in: _, key: _): value.string
        }
    }

    /// The members, when this is an object.
    var members: JSONMembers? {
        switch self {
        case .tape(let tape, let index) where tape.kind(index) == .object: JSONMembers(tape, index)
        case .tape(let tape, let index) where tape.kind(index) == .value:
            Self.value(tape.value(index), in: JSONCodingPath(path), key: nil).members
        case .value(.object(let members), in: let outer, key: let key):
            .value(members, outer.appending(key))
        default: nil
        }
    }

    /// The items, when this is an array.
    var items: JSONItems? {
        switch self {
        case .tape(let tape, let index) where tape.kind(index) == .array: JSONItems(tape, index)
        case .tape(let tape, let index) where tape.kind(index) == .value:
            Self.value(tape.value(index), in: JSONCodingPath(path), key: nil).items
        case .value(.array(let items), in: let outer, key: let key): JSONItems(items, outer.appending(key))
        default: nil
        }
    }
}

extension JSONNode {
    func mismatch(_ type: any Any.Type, _ wanted: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: path, debugDescription: "must be \(wanted), not \(value.kindName)")
        return isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .bool(let value)? = scalar else { throw mismatch(type, "true or false") }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        guard let string else { throw mismatch(type, "a string") }
        return string
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let value = scalar?.double else { throw mismatch(type, "a number") }
        return value
    }

    func decode<T: FixedWidthInteger>(integer type: T.Type) throws -> T {
        let exact: T? =
            switch scalar {
            case .integer(let value)?: T(exactly: value)
            case .double(let value)?: T(exactly: value)
            default: throw mismatch(type, "an integer")
            }
        guard let exact else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: path, debugDescription: "\(value.jsonText) is no integer in \(type)'s range"))
        }
        return exact
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if type == JSONValue.self, let value = value as? T { return value }
        // Dictionaries of strings (labels, data) are by far the commonest nested type; the generic way costs more.
        if type == [String: String].self, let members {
            let all = members.all
            var strings: [String: String] = .init(minimumCapacity: all.count)
            for (name, node) in all { strings[name] = try node.decode(String.self) }
            if let strings = strings as? T { return strings }
        }
        switch self {
        case .tape(let tape, let index): return try T(from: JSONTapeDecoder(tape: tape, index: index))
        case .value(let value, in: let outer, key: let key):
            return try T(from: JSONValueDecoder(value: value, path: outer.appending(key)))
        }
    }
}

/// Where in a document a value is: a chain, since lists of keys would be copied at every step and are asked for only by errors.
indirect enum JSONCodingPath {
    case root
    case key(JSONKey, of: JSONCodingPath)

    init(_ keys: [any CodingKey]) {
        self = keys.reduce(.root) { path, key in
            .key(key.intValue.map { .index($0) } ?? .name(key.stringValue), of: path)
        }
    }

    func appending(_ key: JSONKey?) -> JSONCodingPath { key.map { .key($0, of: self) } ?? self }

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
