import K8sClient

extension JSONValue {
    /// The entry of `status.conditions` of a type.
    func condition(_ type: String) -> JSONValue? {
        items("status", "conditions").first { $0["type"]?.string == type }
    }

    /// Whether the condition of a type has the status `True`.
    func isTrue(_ type: String) -> Bool { condition(type)?["status"]?.string == "True" }
}

/// A list of conditions under construction: entries keep their place and, while their status stays, the time of their
/// last transition.
struct Conditions {
    private(set) var items: [JSONValue]

    init(_ object: JSONValue) { items = object.items("status", "conditions") }

    subscript(_ type: String) -> JSONValue? { items.first { $0["type"]?.string == type } }

    /// Sets a condition.
    /// - Parameter more: members beside the common ones, such as `lastUpdateTime`.
    mutating func set(
        _ type: String, _ status: String, reason: String?, message: String?, now: KubernetesTime,
        more: [String: JSONValue] = [:]
    ) {
        var entry = more
        entry["type"] = .string(type)
        entry["status"] = .string(status)
        if let reason { entry["reason"] = .string(reason) }
        if let message { entry["message"] = .string(message) }
        let old = items.firstIndex { $0["type"]?.string == type }
        if let old, items[old]["status"]?.string == status, let since = items[old]["lastTransitionTime"] {
            entry["lastTransitionTime"] = since
        } else {
            entry["lastTransitionTime"] = .string(now.description)
        }
        if let old { items[old] = .object(entry) } else { items.append(.object(entry)) }
    }

    mutating func remove(_ type: String) { items.removeAll { $0["type"]?.string == type } }
}
