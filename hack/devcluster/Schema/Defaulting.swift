import K8sClient

/// Fills in the defaults of a schema, also those of objects that a default itself brought in.
enum Defaulting {
    static func apply(to value: inout JSONValue, _ schema: Schema) {
        switch value {
        case .object(var members):
            value = .null  // leaves `members` the only reference, so that changing it copies nothing
            for (name, property) in schema.properties where members[name] == nil {
                if let defaultValue = property.defaultValue { members[name] = defaultValue }
            }
            for name in members.keys {
                guard let member = schema.member(name), member.hasDefaults else { continue }
                apply(to: &members[name, default: .null], member)
            }
            value = .object(members)
        case .array(var items):
            guard let itemSchema = schema.items, itemSchema.hasDefaults else { return }
            value = .null
            for index in items.indices { apply(to: &items[index], itemSchema) }
            value = .array(items)
        default:
            break
        }
    }
}
