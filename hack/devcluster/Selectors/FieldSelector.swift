import K8sClient

/// Which objects a list or watch is about, by the few fields that a kind offers for it.
struct FieldSelector: Sendable, Hashable {
    struct Requirement: Sendable, Hashable {
        var field: String
        var value: String
        var isNegated: Bool
    }

    var requirements: [Requirement] = []

    static let everything = FieldSelector()

    func matches(_ fields: [String: String]) -> Bool {
        requirements.allSatisfy { (fields[$0.field] ?? "" == $0.value) != $0.isNegated }
    }

    /// - Parameter supported: the fields that the kind offers besides `metadata.name` and `metadata.namespace`.
    static func parse(_ text: String, supported: [String]) throws(StatusError) -> FieldSelector {
        var selector = FieldSelector()
        for part in text.split(separator: ",") {
            guard let equals = part.firstIndex(of: "=") else {
                throw .badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            var field = part[..<equals]
            var value = part[part.index(after: equals)...]
            let isNegated = field.last == "!"
            if isNegated { field.removeLast() }
            if value.first == "=" { value.removeFirst() }
            let name = String(field)
            guard ["metadata.name", "metadata.namespace"].contains(name) || supported.contains(name) else {
                throw .badRequest("field label not supported: \(name)")
            }
            selector.requirements.append(Requirement(field: name, value: String(value), isNegated: isNegated))
        }
        return selector
    }
}
