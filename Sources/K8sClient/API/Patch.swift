/// A change to an object, in one of the forms that the API takes.
public enum Patch: Sendable, Hashable {
    /// Members replace members, `null` removes (RFC 7386).
    case merge(JSONValue)
    /// Operations in order, all or none (RFC 6902).
    case json([JSONPatchOperation])
    /// Like `merge`, but lists merge by their keys; built-in kinds only.
    case strategicMerge(JSONValue)
    /// Server-side apply: all that the manager wants.
    case apply(JSONValue)

    /// The body is JSON, which is YAML.
    static let applyContentType = "application/apply-patch+yaml"

    var contentType: String {
        switch self {
        case .merge: "application/merge-patch+json"
        case .json: "application/json-patch+json"
        case .strategicMerge: "application/strategic-merge-patch+json"
        case .apply: Self.applyContentType
        }
    }

    var body: [UInt8] {
        switch self {
        case .merge(let value), .strategicMerge(let value), .apply(let value): value.jsonBytes()
        case .json(let operations): JSONValue.array(operations.map(\.json)).jsonBytes()
        }
    }

    /// A JSON patch may append, so only the other forms may be sent twice.
    var isIdempotent: Bool {
        if case .json = self { false } else { true }
    }

    var verb: String {
        if case .apply = self { "apply" } else { "patch" }
    }
}

/// One operation of a JSON patch (RFC 6902). Paths are JSON pointers, as `/spec/replicas`.
public enum JSONPatchOperation: Sendable, Hashable {
    case add(path: String, value: JSONValue)
    case remove(path: String)
    case replace(path: String, value: JSONValue)
    case move(from: String, path: String)
    case copy(from: String, path: String)
    case test(path: String, value: JSONValue)

    /// The operation as JSON.
    public var json: JSONValue {
        switch self {
        case .add(let path, let value): ["op": "add", "path": .string(path), "value": value]
        case .remove(let path): ["op": "remove", "path": .string(path)]
        case .replace(let path, let value): ["op": "replace", "path": .string(path), "value": value]
        case .move(let from, let path): ["op": "move", "from": .string(from), "path": .string(path)]
        case .copy(let from, let path): ["op": "copy", "from": .string(from), "path": .string(path)]
        case .test(let path, let value): ["op": "test", "path": .string(path), "value": value]
        }
    }

    /// A pointer's segments escaped and joined: `~` and `/` in names are what this is for.
    public static func pointer(_ segments: String...) -> String {
        segments.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
    }
}
