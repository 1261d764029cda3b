/// A schema in an OpenAPI 3.1 document, which is JSON Schema 2020-12.
struct JSONSchema: Sendable, Hashable {
    var node: [String: JSONNode]

    private init(_ node: [String: JSONNode?]) {
        self.node = node.compactMapValues { $0 }
    }

    /// A schema of the document's `components/schemas`.
    static func named(_ name: String) -> JSONSchema {
        JSONSchema(["$ref": .string("#/components/schemas/\(name)")])
    }

    /// - Parameters:
    ///   - format: `uuid`, `date-time`, `email`, `password`, `uri`.
    ///   - length: In Unicode scalars.
    static func string(
        _ description: String? = nil, format: String? = nil, length: ClosedRange<Int>? = nil, pattern: String? = nil,
        example: String? = nil
    ) -> JSONSchema {
        JSONSchema([
            "type": "string", "description": description.map(JSONNode.string), "format": format.map(JSONNode.string),
            "minLength": length.map { .integer($0.lowerBound) }, "maxLength": length.map { .integer($0.upperBound) },
            "pattern": pattern.map(JSONNode.string), "examples": example.map { [.string($0)] },
        ])
    }

    static func oneOf(_ values: [String], _ description: String? = nil) -> JSONSchema {
        JSONSchema([
            "type": "string", "enum": .array(values.map(JSONNode.string)),
            "description": description.map(JSONNode.string),
        ])
    }

    static func integer(_ description: String? = nil, in range: ClosedRange<Int>? = nil, byDefault: Int? = nil)
        -> JSONSchema
    {
        JSONSchema([
            "type": "integer", "description": description.map(JSONNode.string),
            "minimum": range.map { .integer($0.lowerBound) }, "maximum": range.map { .integer($0.upperBound) },
            "default": byDefault.map(JSONNode.integer),
        ])
    }

    static func number(_ description: String? = nil) -> JSONSchema {
        JSONSchema(["type": "number", "description": description.map(JSONNode.string)])
    }

    static func boolean(_ description: String? = nil, byDefault: Bool? = nil) -> JSONSchema {
        JSONSchema([
            "type": "boolean", "description": description.map(JSONNode.string),
            "default": byDefault.map(JSONNode.boolean),
        ])
    }

    static func array(of items: JSONSchema, _ description: String? = nil, count: ClosedRange<Int>? = nil) -> JSONSchema
    {
        JSONSchema([
            "type": "array", "items": .object(items.node), "description": description.map(JSONNode.string),
            "minItems": count.map { .integer($0.lowerBound) }, "maxItems": count.map { .integer($0.upperBound) },
        ])
    }

    /// An object with these members and, unless `isOpen`, no others.
    static func object(
        _ description: String? = nil, required: [String: JSONSchema] = [:], optional: [String: JSONSchema] = [:],
        isOpen: Bool = false
    ) -> JSONSchema {
        let members = required.merging(optional) { first, _ in first }
        return JSONSchema([
            "type": "object", "description": description.map(JSONNode.string),
            "properties": .object(members.mapValues { .object($0.node) }),
            "required": required.isEmpty ? nil : .array(required.keys.sorted().map(JSONNode.string)),
            "additionalProperties": isOpen ? nil : false,
        ])
    }

    /// An object whose members have any names.
    static func map(of values: JSONSchema, _ description: String? = nil) -> JSONSchema {
        JSONSchema([
            "type": "object", "additionalProperties": .object(values.node),
            "description": description.map(JSONNode.string),
        ])
    }

    /// Any of several forms.
    static func any(of schemas: [JSONSchema]) -> JSONSchema {
        JSONSchema(["anyOf": .array(schemas.map { .object($0.node) })])
    }

    /// This, or null.
    var orNull: JSONSchema {
        guard case .string(let type)? = node["type"], node["enum"] == nil else {
            return .any(of: [self, JSONSchema(["type": "null"])])
        }
        var schema = self
        schema.node["type"] = [.string(type), "null"]
        return schema
    }
}
