import K8sClient

/// Judges a custom resource by its schema, in the words of the API server.
enum SchemaValidation {
    static func validate(_ value: JSONValue, _ schema: Schema, path: String = "", _ errors: inout [FieldError]) {
        if value.isNull, schema.isNullable { return }
        guard isOfType(value, schema) else {
            let expected = schema.kind.typeName
            errors.append(
                .invalidType(
                    path.isEmpty ? "<nil>" : path, .string(value.typeName),
                    "\(path) in body must be of type \(expected): \(quoted(value.typeName))"))
            return
        }
        if let rules = schema.rules { validate(value, rules, schema, path: path, &errors) }
        switch value {
        case .object(let members): validate(members, schema, path: path, &errors)
        case .array(let items): validate(items, schema, path: path, &errors)
        case .string(let text):
            if let format = schema.format, !Formats.isValid(text, format) {
                errors.append(
                    .invalid(path, value, "\(path) in body must be of type \(format): \(quoted(text))"))
            }
        default: break
        }
    }

    private static func isOfType(_ value: JSONValue, _ schema: Schema) -> Bool {
        switch (schema.kind, value) {
        case (.any, _), (.object, .object), (.array, .array), (.string, .string), (.boolean, .bool),
            (.integer, .integer), (.number, .integer), (.number, .double), (.intOrString, .integer),
            (.intOrString, .string), (.quantity, .string), (.quantity, .integer):
            true
        case (.integer, .double(let number)): number.rounded() == number
        default: false
        }
    }

    private static func validate(
        _ members: [String: JSONValue], _ schema: Schema, path: String, _ errors: inout [FieldError]
    ) {
        let prefix = path.isEmpty ? "" : "\(path)."
        for name in schema.required where members[name] == nil { errors.append(.required(prefix + name)) }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            // Built-in parts have checks of their own.
            if path.isEmpty, ["apiVersion", "kind", "metadata"].contains(name) { continue }
            if let memberSchema = schema.properties[name] {
                validate(member, memberSchema, path: prefix + name, &errors)
            } else if let memberSchema = schema.additionalProperties {
                validate(member, memberSchema, path: prefix + name, &errors)
            }
        }
    }

    private static func validate(
        _ items: [JSONValue], _ schema: Schema, path: String, _ errors: inout [FieldError]
    ) {
        if let itemSchema = schema.items {
            for (index, item) in items.enumerated() {
                validate(item, itemSchema, path: "\(path)[\(index)]", &errors)
            }
        }
        var seen: Set<JSONValue> = []
        for (index, item) in items.enumerated() {
            let identity: JSONValue
            switch schema.listType {
            case .atomic: continue
            case .set: identity = item
            case .map(let keys):
                identity = .object(
                    Dictionary(
                        keys.map { ($0, item[$0] ?? schema.items?.properties[$0]?.defaultValue ?? .null) },
                        uniquingKeysWith: { $1 }))
            }
            if !seen.insert(identity).inserted { errors.append(.duplicate("\(path)[\(index)]", identity)) }
        }
    }

    private static func validate(
        _ value: JSONValue, _ rules: ValueRules, _ schema: Schema, path: String, _ errors: inout [FieldError]
    ) {
        if let allowed = rules.allowed, !allowed.contains(value) {
            errors.append(.notSupported(path, value, allowed.map { $0.string ?? $0.jsonText }))
        }
        switch value {
        case .string(let text): validate(text, rules, path: path, &errors)
        case .integer, .double: validate(value, rules, path: path, &errors)
        case .array(let items):
            if let limit = rules.maxItems, items.count > limit {
                errors.append(.tooMany(path, items.count, limit: limit))
            }
            if let least = rules.minItems, items.count < least {
                errors.append(
                    .invalid(path, JSONValue(items.count), "\(path) in body should have at least \(least) items"))
            }
            if rules.uniqueItems, Set(items).count < items.count {
                errors.append(.invalid(path, value, "\(path) in body shouldn't contain duplicates"))
            }
        case .object(let members):
            if let limit = rules.maxProperties, members.count > limit {
                errors.append(.tooMany(path, members.count, limit: limit))
            }
            if let least = rules.minProperties, members.count < least {
                errors.append(
                    .invalid(path, JSONValue(members.count), "\(path) in body should have at least \(least) properties")
                )
            }
        default: break
        }
        combine(value, rules, path: path, &errors)
    }

    private static func validate(_ text: String, _ rules: ValueRules, path: String, _ errors: inout [FieldError]) {
        let length = text.unicodeScalars.count
        if let limit = rules.maxLength, length > limit {
            errors.append(
                FieldError(
                    reason: "FieldValueTooLong", field: path,
                    message: "Too long: may not be more than \(limit) byte\(limit == 1 ? "" : "s")"))
        }
        if let least = rules.minLength, length < least {
            errors.append(
                .invalid(path, .string(text), "\(path) in body should be at least \(least) chars long"))
        }
        if let pattern = rules.pattern, !pattern.matches(text) {
            errors.append(.invalid(path, .string(text), "\(path) in body should match '\(pattern.text)'"))
        }
    }

    private static func validate(_ value: JSONValue, _ rules: ValueRules, path: String, _ errors: inout [FieldError]) {
        guard let number = value.double else { return }
        func text(_ bound: Double) -> String { Int(exactly: bound).map { String($0) } ?? String(bound) }
        if let maximum = rules.maximum, rules.exclusiveMaximum ? number >= maximum : number > maximum {
            let relation = rules.exclusiveMaximum ? "less than" : "less than or equal to"
            errors.append(.invalid(path, value, "\(path) in body should be \(relation) \(text(maximum))"))
        }
        if let minimum = rules.minimum, rules.exclusiveMinimum ? number <= minimum : number < minimum {
            let relation = rules.exclusiveMinimum ? "greater than" : "greater than or equal to"
            errors.append(.invalid(path, value, "\(path) in body should be \(relation) \(text(minimum))"))
        }
        if let factor = rules.multipleOf, factor > 0, (number / factor).rounded() * factor != number {
            errors.append(.invalid(path, value, "\(path) in body should be a multiple of \(text(factor))"))
        }
    }

    private static func combine(_ value: JSONValue, _ rules: ValueRules, path: String, _ errors: inout [FieldError]) {
        func fits(_ schema: Schema) -> Bool {
            var problems: [FieldError] = []
            validate(value, schema, path: path, &problems)
            return problems.isEmpty
        }
        for schema in rules.allOf { validate(value, schema, path: path, &errors) }
        if !rules.anyOf.isEmpty, !rules.anyOf.contains(where: fits) {
            errors.append(.invalid(path, value, "\(path) in body must validate at least one schema (anyOf)"))
        }
        if !rules.oneOf.isEmpty {
            let count = rules.oneOf.count(where: fits)
            if count != 1 {
                let found = count == 0 ? "Found none valid" : "Found \(count) valid alternatives"
                errors.append(
                    .invalid(path, value, "\(path) in body must validate one and only one schema (oneOf). \(found)"))
            }
        }
        if let schema = rules.not, fits(schema) {
            errors.append(.invalid(path, value, "\(path) in body must not validate the schema (not)"))
        }
    }
}

extension Schema.Kind {
    fileprivate var typeName: String {
        switch self {
        case .object: "object"
        case .array: "array"
        case .string, .quantity: "string"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .intOrString: "integer,string"
        case .any: "any"
        }
    }
}

extension JSONValue {
    /// The name of the value's type in JSON schema.
    fileprivate var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
