import K8sClient

/// A set of places in an object, as `managedFields` writes it (`FieldsV1`).
///
/// A step of a path is its text in that form: `f:name` a member, `k:{"name":"app"}` an item of a list of maps, `v:"x"` an
/// item of a set.
struct FieldSet: Sendable, Hashable {
    /// The steps that are themselves in the set.
    var members: Set<String> = []
    /// What is in the set below a step.
    var children: [String: FieldSet] = [:]

    var isEmpty: Bool { members.isEmpty && children.isEmpty }

    mutating func formUnion(_ other: FieldSet) {
        members.formUnion(other.members)
        for (step, set) in other.children { children[step, default: FieldSet()].formUnion(set) }
    }

    func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.formUnion(other)
        return result
    }

    func subtracting(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.subtracting(other.members))
        for (step, set) in children {
            let rest = other.children[step].map(set.subtracting) ?? set
            if !rest.isEmpty { result.children[step] = rest }
        }
        return result
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.intersection(other.members))
        for (step, set) in children {
            guard let counterpart = other.children[step] else { continue }
            let common = set.intersection(counterpart)
            if !common.isEmpty { result.children[step] = common }
        }
        return result
    }

    /// The set, and in it every struct's member on the way to one of its places: leaving out a place may leave out the
    /// struct as well.
    func withNamedParents(_ schema: Schema?) -> FieldSet {
        var result = FieldSet(members: members)
        for (step, set) in children {
            let name = step.hasPrefix("f:") ? String(step.dropFirst(2)) : nil
            if let name, schema?.properties[name] != nil { result.members.insert(step) }
            let childSchema = name.map { schema?.member($0) } ?? schema?.items
            result.children[step] = set.withNamedParents(childSchema)
        }
        return result
    }

    /// Every place, as messages write it: `.spec.containers[name="app"].image`.
    func paths(prefix: String = "") -> [String] {
        var result: [String] = []
        for step in Set(members).union(children.keys).sorted() {
            let path = prefix + Self.text(ofStep: step)
            if members.contains(step) { result.append(path) }
            result.append(contentsOf: children[step]?.paths(prefix: path) ?? [])
        }
        return result
    }

    private static func text(ofStep step: String) -> String {
        let value = String(step.dropFirst(2))
        switch step.first {
        case "k":
            guard case .object(let keys)? = try? JSONValue(parsing: value) else { return "[\(value)]" }
            return "[\(keys.sorted { $0.key < $1.key }.map { "\($0)=\($1.jsonText)" }.joined(separator: ","))]"
        case "v": return "[=\(value)]"
        case "i": return "[\(value)]"
        default: return ".\(value)"
        }
    }
}

extension FieldSet {
    /// Reads `fieldsV1`.
    init(_ fields: JSONValue) {
        for (step, value) in fields.object ?? [:] where step != "." {
            let below = FieldSet(value)
            if value["."] != nil || below.isEmpty { members.insert(step) }
            if !below.isEmpty { children[step] = below }
        }
    }

    /// The form of `fieldsV1`.
    var object: JSONValue {
        var result: [String: JSONValue] = [:]
        for step in members { result[step] = [:] }
        for (step, set) in children {
            var below = set.object
            if members.contains(step) { below["."] = [:] }
            result[step] = below
        }
        return .object(result)
    }
}
