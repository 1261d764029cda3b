import K8sClient

/// Finds what is missing in the `spec` of a built-in kind, by what its published schema calls required.
enum RequiredFields {
    static func validate(_ object: JSONValue, _ kind: KindDefinition, _ errors: inout [FieldError]) {
        guard kind.isBuiltIn else { return }
        for place in ["spec", "roleRef", "template"] {
            guard let schema = kind.schema.properties[place] else { continue }
            guard let value = object[place] else {
                if kind.schema.required.contains(place) { errors.append(.required(place)) }
                continue
            }
            walk(value, schema, place, &errors)
        }
    }

    private static func walk(_ value: JSONValue, _ schema: Schema, _ path: String, _ errors: inout [FieldError]) {
        switch value {
        case .object(let members):
            for name in schema.required.sorted() where isMissing(members[name], schema.properties[name]) {
                errors.append(.required("\(path).\(name)"))
            }
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                if let memberSchema = schema.member(name) { walk(member, memberSchema, "\(path).\(name)", &errors) }
            }
        case .array(let items):
            guard let itemSchema = schema.items else { return }
            for (index, item) in items.enumerated() { walk(item, itemSchema, "\(path)[\(index)]", &errors) }
        default:
            break
        }
    }

    /// A number that is not there reads as 0 and is judged as such; a text, a list or an object is simply missing.
    private static func isMissing(_ value: JSONValue?, _ schema: Schema?) -> Bool {
        guard let schema else { return false }
        switch schema.kind {
        case .string: return value?.string?.isEmpty ?? true
        case .array: return value?.isEmpty ?? true
        case .object: return value == nil
        default: return false
        }
    }
}
