/// A JSON document of any shape (RFC 8259): what dynamic objects, patches and manifests are made of.
///
/// Integers that fit 64 bits stay integers, as Kubernetes keeps them; every other number is a `Double`.
/// Objects keep no order: `jsonBytes()` writes keys sorted, so equal values have equal bytes.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

extension JSONValue {
    /// The text, when this is a string.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value, when this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number, when this is an integer (or a double without a fraction) that fits `Int`.
    public var int: Int? {
        switch self {
        case .integer(let value): Int(value)
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number as a double, when this is a number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The items, when this is an array.
    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, when this is an object.
    public var object: [String: JSONValue]? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The member under a path of keys; setting creates the objects on the way, and setting `nil` removes the member.
    ///
    ///     deployment["spec", "replicas"] = 3
    public subscript(_ keys: String...) -> JSONValue? {
        get { self[path: keys[...]] }
        set { self[path: keys[...]] = newValue }
    }

    /// The same, with the path as a slice.
    public subscript(path keys: ArraySlice<String>) -> JSONValue? {
        get {
            var value = self
            for key in keys {
                guard case .object(let members) = value, let next = members[key] else { return nil }
                value = next
            }
            return value
        }
        set {
            guard let first = keys.first else {
                self = newValue ?? .null
                return
            }
            var members: [String: JSONValue]
            if case .object(let existing) = self { members = existing } else { members = [:] }
            if newValue == nil, members[first] == nil { return }
            self = .null  // leaves `members` the only reference, so that changing it copies nothing
            if keys.count == 1 {
                members[first] = newValue
            } else {
                members[first, default: .object([:])][path: keys.dropFirst()] = newValue
            }
            self = .object(members)
        }
    }
}

extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A number with a fraction.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Of two members under one key the later one stands, as in a parsed document.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }

    /// An object of strings: labels, annotations, a ConfigMap's data.
    public init(_ strings: [String: String]) { self = .object(strings.mapValues { .string($0) }) }

    /// An array of strings.
    public init(_ strings: [String]) { self = .array(strings.map { .string($0) }) }

    /// An integer.
    public init(_ value: Int) { self = .integer(Int64(value)) }
}
