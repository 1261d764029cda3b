import K8sClient

/// Reads the `openAPIV3Schema` of a CustomResourceDefinition.
struct StructuralSchema {
    /// What is wrong with the schema.
    private(set) var errors: [FieldError] = []
    /// Whether any rule in CEL was seen, which this server checks for presence but does not evaluate.
    private(set) var hasCELRules = false

    /// Schemas nest; a document that nests deeper than this was not written to describe an object.
    private static let maximumDepth = 64

    private static let knownMembers: Set<String> = [
        "$ref", "$schema", "additionalItems", "additionalProperties", "allOf", "anyOf", "default", "definitions",
        "dependencies", "description", "enum", "example", "exclusiveMaximum", "exclusiveMinimum", "externalDocs",
        "format", "id", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength",
        "minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties",
        "properties", "required", "title", "type", "uniqueItems", "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
    ]

    /// The schema of a version's objects, with `apiVersion`, `kind` and `metadata` as every object has them.
    mutating func object(_ value: JSONValue, path: String) -> Schema {
        if value["type"]?.string != "object" {
            errors.append(
                value["type"] == nil
                    ? .required("\(path).type", "must not be empty at the root")
                    : .invalid("\(path).type", value["type"] ?? "", "must be object at the root"))
        }
        let schema = read(value, path: path)
        var properties = schema.properties
        properties["apiVersion"] = Schema(.string)
        properties["kind"] = Schema(.string)
        properties["metadata"] = BuiltInTypes.objectMeta
        return Schema(
            .object, summary: schema.summary, properties: properties,
            required: schema.required.filter { $0 != "metadata" },
            preservesUnknownFields: schema.preservesUnknownFields, rules: schema.rules)
    }

    private mutating func read(_ value: JSONValue, path: String, depth: Int = 0, isLogical: Bool = false) -> Schema {
        guard depth < Self.maximumDepth else {
            errors.append(.forbidden(path, "nested deeper than \(Self.maximumDepth) levels"))
            return .any
        }
        guard let members = value.object else {
            errors.append(.invalidType(path, value, "must be an object"))
            return .any
        }
        for name in members.keys.sorted() where !Self.knownMembers.contains(name) {
            errors.append(.forbidden("\(path).\(name)", "unknown field"))
        }
        for name in ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems"]
        where members[name] != nil {
            errors.append(.forbidden("\(path).\(name)", "\(name) is not supported"))
        }
        checkCEL(members["x-kubernetes-validations"], path: path)
        let isIntOrString = members["x-kubernetes-int-or-string"]?.bool ?? false
        let preserves = members["x-kubernetes-preserve-unknown-fields"]?.bool ?? false
        let kind = self.kind(
            members["type"]?.string, isIntOrString: isIntOrString, preserves: preserves, isLogical: isLogical,
            path: path)
        var properties: [String: Schema] = [:]
        for (name, property) in (members["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            properties[name] = read(
                property, path: "\(path).properties[\(name)]", depth: depth + 1, isLogical: isLogical)
        }
        var additional: Schema?
        switch members["additionalProperties"] {
        case .bool(true)?: additional = .any
        case .some(let schema) where schema.object != nil:
            additional = read(schema, path: "\(path).additionalProperties", depth: depth + 1, isLogical: isLogical)
        default: break
        }
        let items = members["items"].map {
            read($0, path: "\(path).items", depth: depth + 1, isLogical: isLogical)
        }
        if kind == .array, items == nil, !isLogical { errors.append(.required("\(path).items", "must be specified")) }
        let listType = listType(members, items: items, path: path)
        return Schema(
            kind, summary: members["description"]?.string, format: members["format"]?.string, properties: properties,
            additionalProperties: additional,
            items: items, required: (members["required"]?.array ?? []).compactMap(\.string), listType: listType,
            isAtomicMap: members["x-kubernetes-map-type"]?.string == "atomic", preservesUnknownFields: preserves,
            isEmbeddedResource: members["x-kubernetes-embedded-resource"]?.bool ?? false,
            isNullable: members["nullable"]?.bool ?? false, defaultValue: members["default"],
            rules: rules(members, path: path, depth: depth))
    }

    private mutating func kind(
        _ type: String?, isIntOrString: Bool, preserves: Bool, isLogical: Bool, path: String
    ) -> Schema.Kind {
        if isIntOrString { return .intOrString }
        switch type {
        case "object": return .object
        case "array": return .array
        case "string": return .string
        case "integer": return .integer
        case "number": return .number
        case "boolean": return .boolean
        case nil, "":
            if !preserves, !isLogical {
                errors.append(.required("\(path).type", "must not be empty for specified object fields"))
            }
            return .any
        case .some(let other):
            errors.append(
                .notSupported(
                    "\(path).type", .string(other), ["array", "boolean", "integer", "number", "object", "string"]))
            return .any
        }
    }

    private mutating func listType(_ members: [String: JSONValue], items: Schema?, path: String) -> Schema.ListType {
        switch members["x-kubernetes-list-type"]?.string {
        case nil, "atomic": return .atomic
        case "set": return .set
        case "map":
            let keys = (members["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string)
            if keys.isEmpty {
                errors.append(
                    .required(
                        "\(path).x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"))
            }
            for key in keys {
                let property = items?.properties[key]
                if property == nil || !(items?.required.contains(key) ?? false || property?.defaultValue != nil) {
                    errors.append(
                        .required(
                            "\(path).items.properties[\(key)].default",
                            "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required "
                                + "property"))
                }
            }
            return .map(keys: keys)
        case .some(let other):
            errors.append(.notSupported("\(path).x-kubernetes-list-type", .string(other), ["atomic", "map", "set"]))
            return .atomic
        }
    }

    private mutating func rules(_ members: [String: JSONValue], path: String, depth: Int) -> ValueRules? {
        var rules = ValueRules()
        rules.allowed = members["enum"]?.array
        if let text = members["pattern"]?.string {
            do {
                rules.pattern = try Pattern(text)
            } catch {
                errors.append(
                    .invalid(
                        "\(path).pattern", .string(text), "must be a valid regular expression, but isn't: \(error)"))
            }
        }
        rules.minimum = members["minimum"]?.double
        rules.maximum = members["maximum"]?.double
        rules.exclusiveMinimum = members["exclusiveMinimum"]?.bool ?? false
        rules.exclusiveMaximum = members["exclusiveMaximum"]?.bool ?? false
        rules.multipleOf = members["multipleOf"]?.double
        rules.minLength = members["minLength"]?.int
        rules.maxLength = members["maxLength"]?.int
        rules.minItems = members["minItems"]?.int
        rules.maxItems = members["maxItems"]?.int
        rules.uniqueItems = members["uniqueItems"]?.bool ?? false
        rules.minProperties = members["minProperties"]?.int
        rules.maxProperties = members["maxProperties"]?.int
        for (name, place) in [("allOf", \ValueRules.allOf), ("anyOf", \.anyOf), ("oneOf", \.oneOf)] {
            for (index, schema) in (members[name]?.array ?? []).enumerated() {
                rules[keyPath: place].append(
                    read(schema, path: "\(path).\(name)[\(index)]", depth: depth + 1, isLogical: true))
            }
        }
        if let schema = members["not"] {
            rules.not = read(schema, path: "\(path).not", depth: depth + 1, isLogical: true)
        }
        return rules
    }

    private mutating func checkCEL(_ rules: JSONValue?, path: String) {
        for (index, rule) in (rules?.array ?? []).enumerated() {
            hasCELRules = true
            if rule["rule"]?.string?.isEmpty ?? true {
                errors.append(.required("\(path).x-kubernetes-validations[\(index)].rule", "rule is not specified"))
            }
        }
    }
}
