import K8sClient

/// Strategic merge patches: merge patches that know which lists have items with keys, and directives (`$patch`,
/// `$setElementOrder`, `$deleteFromPrimitiveList`, `$retainKeys`) for what a plain merge cannot say.
enum StrategicMergePatch {
    static func apply(_ patch: JSONValue, to target: JSONValue, _ schema: Schema?) -> JSONValue {
        guard case .object(var changes) = patch else { return patch }
        switch changes["$patch"]?.string {
        case "replace":
            changes["$patch"] = nil
            return .object(changes)
        case "delete":
            return [:]
        default:
            changes["$patch"] = nil
        }
        var members = target.object ?? [:]
        if let retained = changes["$retainKeys"]?.array {
            let names = Set(retained.compactMap(\.string))
            members = members.filter { names.contains($0.key) }
            changes["$retainKeys"] = nil
        }
        for (name, change) in changes where !name.hasPrefix("$") {
            if change.isNull {
                members[name] = nil
                continue
            }
            let member = schema?.member(name)
            switch change {
            case .object: members[name] = apply(change, to: members[name] ?? .null, member)
            case .array(let items):
                members[name] = .array(merge(items, into: members[name]?.array ?? [], member))
            default: members[name] = change
            }
        }
        for (name, change) in changes {
            if name.hasPrefix("$deleteFromPrimitiveList/") {
                let list = String(name.dropFirst("$deleteFromPrimitiveList/".count))
                let gone = change.array ?? []
                members[list] = (members[list]?.array).map { .array($0.filter { !gone.contains($0) }) }
            }
        }
        for (name, order) in changes where name.hasPrefix("$setElementOrder/") {
            let list = String(name.dropFirst("$setElementOrder/".count))
            if let items = members[list]?.array {
                members[list] = .array(ordered(items, by: order.array ?? [], key: schema?.member(list)?.patchMergeKey))
            }
        }
        return .object(members)
    }

    private static func merge(_ changes: [JSONValue], into items: [JSONValue], _ schema: Schema?) -> [JSONValue] {
        guard let key = schema?.patchMergeKey else { return changes.filter { $0["$patch"] == nil } }
        if changes.contains(where: { $0["$patch"]?.string == "replace" }) {
            return changes.filter { $0["$patch"] == nil }
        }
        if key.isEmpty { return items + changes.filter { !items.contains($0) } }
        var result = items
        for change in changes {
            let index = result.firstIndex { $0[key] == change[key] }
            if change["$patch"]?.string == "delete" {
                result.removeAll { $0[key] == change[key] }
            } else if let index {
                result[index] = apply(change, to: result[index], schema?.items)
            } else {
                result.append(apply(change, to: [:], schema?.items))
            }
        }
        return result
    }

    /// Puts the items that the order names into it; the others stay behind those that they followed.
    private static func ordered(_ items: [JSONValue], by order: [JSONValue], key: String?) -> [JSONValue] {
        func identity(_ item: JSONValue) -> JSONValue {
            key.flatMap { $0.isEmpty ? nil : item[$0] } ?? item
        }
        let ranks = Dictionary(
            order.enumerated().map { (identity($1), $0) }, uniquingKeysWith: { first, _ in first })
        var named = items.filter { ranks[identity($0)] != nil }
            .sorted { (ranks[identity($0)] ?? 0) < (ranks[identity($1)] ?? 0) }[...]
        var result: [JSONValue] = []
        for item in items {
            if ranks[identity(item)] == nil {
                result.append(item)
            } else if let next = named.popFirst() {
                result.append(next)
            }
        }
        return result
    }
}
