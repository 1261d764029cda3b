import K8sClient

/// An object's `metadata`, read and written by the names that Kubernetes gives its members.
struct ObjectMeta: Sendable {
    var value: JSONValue

    var name: String { value["name"]?.string ?? "" }
    var generateName: String { value["generateName"]?.string ?? "" }
    var namespace: String { value["namespace"]?.string ?? "" }
    var uid: String { value["uid"]?.string ?? "" }
    var resourceVersion: String { value["resourceVersion"]?.string ?? "" }
    var generation: Int { value["generation"]?.int ?? 0 }
    var deletionTimestamp: String? { value["deletionTimestamp"]?.string }
    var deletionGracePeriodSeconds: Int? { value["deletionGracePeriodSeconds"]?.int }
    var creationTimestamp: String { value["creationTimestamp"]?.string ?? "" }

    var labels: [String: String] { strings("labels") }
    var annotations: [String: String] { strings("annotations") }

    var finalizers: [String] { (value["finalizers"]?.array ?? []).compactMap(\.string) }
    var ownerReferences: [JSONValue] { value["ownerReferences"]?.array ?? [] }

    private func strings(_ member: String) -> [String: String] {
        (value[member]?.object ?? [:]).compactMapValues(\.string)
    }
}

extension JSONValue {
    /// The object's `metadata`; empty when there is none.
    var meta: ObjectMeta { ObjectMeta(value: self["metadata"] ?? [:]) }

    /// The object's `apiVersion`.
    var apiVersion: String { self["apiVersion"]?.string ?? "" }

    /// The object's `kind`.
    var kindName: String { self["kind"]?.string ?? "" }
}

extension JSONValue {
    /// The array, or nothing at all when it would be empty: lists that hold nothing are left out of objects.
    static func nonEmpty(_ items: [JSONValue]) -> JSONValue? { items.isEmpty ? Optional.none : .array(items) }

    /// The same for texts.
    static func nonEmpty(_ items: [String]) -> JSONValue? { items.isEmpty ? Optional.none : JSONValue(items) }
}
