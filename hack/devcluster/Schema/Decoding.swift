import K8sClient

/// Brings a document into the form of its schema: members that the schema does not know are left out and reported, nulls
/// of built-in types vanish (as Go's decoder lets them), numbers given for quantities become strings.
struct Decoding {
    /// Whether the schema describes a built-in type, whose values must have its types to be read at all; a custom
    /// resource's are judged by validation.
    let isBuiltIn: Bool
    /// The paths of unknown members, in the order of reading.
    private(set) var unknownFields: [String] = []
    /// What made the document unreadable, in the words of Go's decoder.
    private(set) var failure: String?

    init(isBuiltIn: Bool) {
        self.isBuiltIn = isBuiltIn
    }

    mutating func decode(_ value: JSONValue, _ schema: Schema, path: String = "") -> JSONValue {
        switch (value, schema.kind) {
        case (_, .any):
            return value
        case (.object(let members), .object):
            return object(members, schema, path: path)
        case (.array(let items), .array):
            guard let itemSchema = schema.items else { return value }
            return .array(items.enumerated().map { decode($1, itemSchema, path: "\(path)[\($0)]") })
        case (.null, _):
            return value
        default:
            return isBuiltIn ? scalar(value, schema, path: path) : value
        }
    }

    private mutating func object(_ members: [String: JSONValue], _ schema: Schema, path: String) -> JSONValue {
        var result: [String: JSONValue] = [:]
        result.reserveCapacity(members.count)
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let memberPath = path.isEmpty ? name : "\(path).\(name)"
            guard let member = schema.member(name) else {
                if schema.preservesUnknownFields
                    || (schema.isEmbeddedResource && ["apiVersion", "kind", "metadata"].contains(name))
                {
                    result[name] = value
                } else {
                    unknownFields.append(memberPath)
                }
                continue
            }
            if value.isNull, isBuiltIn { continue }
            if value.isNull, !member.isNullable, member.defaultValue != nil { continue }
            result[name] = decode(value, member, path: memberPath)
        }
        return .object(result)
    }

    private mutating func scalar(_ value: JSONValue, _ schema: Schema, path: String) -> JSONValue {
        switch (value, schema.kind) {
        case (.string(let text), .string):
            if schema.format == "byte", let problem = Base64.problem(text) { fail(problem) }
            if schema.format == "date-time" || schema.format == "micro-time", Timestamp.seconds(text) == nil {
                fail("parsing time \(quoted(text)) as \"2006-01-02T15:04:05Z07:00\": cannot parse \(quoted(text))")
            }
            return value
        case (.integer(let number), .integer):
            if schema.format == "int32", Int32(exactly: number) == nil {
                fail("json: cannot unmarshal number \(number) into Go struct field \(path) of type int32")
            }
            return value
        case (.double(let number), .integer):
            if let whole = Int64(exactly: number) { return .integer(whole) }
            fail("json: cannot unmarshal number \(number) into Go struct field \(path) of type int64")
            return value
        case (.integer, .number), (.double, .number), (.bool, .boolean), (.integer, .intOrString),
            (.string, .intOrString):
            return value
        case (.string(let text), .quantity):
            if Quantity(text) == nil {
                fail(
                    "quantities must match the regular expression "
                        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
            }
            return value
        case (.integer, .quantity), (.double, .quantity):
            return .string(value.jsonText)
        default:
            fail("json: cannot unmarshal \(value.goType) into Go struct field \(path) of type \(schema.goType)")
            return value
        }
    }

    private mutating func fail(_ message: String) {
        if failure == nil { failure = message }
    }
}

extension JSONValue {
    /// What Go's decoder calls a value of this type.
    fileprivate var goType: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension Schema {
    fileprivate var goType: String {
        switch kind {
        case .object: additionalProperties == nil ? "struct" : "map[string]string"
        case .array: "[]\(items?.goType ?? "interface {}")"
        case .string, .quantity: "string"
        case .integer: format ?? "int64"
        case .number: "float64"
        case .boolean: "bool"
        case .intOrString: "intstr.IntOrString"
        case .any: "interface {}"
        }
    }
}
