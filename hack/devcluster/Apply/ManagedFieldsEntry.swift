import K8sClient

/// One entry of `metadata.managedFields`: who wrote which places, how, and when last.
struct ManagedFieldsEntry: Sendable, Hashable {
    enum Operation: String, Sendable { case apply = "Apply", update = "Update" }

    /// Who an entry belongs to. An applier stays the same whatever version it applies in.
    struct Owner: Sendable, Hashable {
        var manager: String
        var operation: Operation
        var apiVersion: String
        var subresource: String

        init(manager: String, operation: Operation, apiVersion: String, subresource: String) {
            self.manager = manager
            self.operation = operation
            self.apiVersion = operation == .apply ? "" : apiVersion
            self.subresource = subresource
        }
    }

    var manager: String
    var operation: Operation
    var apiVersion: String
    var subresource = ""
    var time: String?
    var fields: FieldSet

    var owner: Owner {
        Owner(manager: manager, operation: operation, apiVersion: apiVersion, subresource: subresource)
    }

    /// The owner, as messages about conflicts name it.
    var ownerText: String {
        var text = quoted(manager)
        if !subresource.isEmpty { text += " with subresource \(quoted(subresource))" }
        if operation == .update { text += " using \(apiVersion)" + (time.map { " at \($0)" } ?? "") }
        return text
    }

    static func read(_ managedFields: JSONValue?) -> [ManagedFieldsEntry] {
        (managedFields?.array ?? []).compactMap { entry in
            guard let manager = entry["manager"]?.string,
                let operation = entry["operation"]?.string.flatMap(Operation.init)
            else { return nil }
            return ManagedFieldsEntry(
                manager: manager, operation: operation, apiVersion: entry["apiVersion"]?.string ?? "",
                subresource: entry["subresource"]?.string ?? "", time: entry["time"]?.string,
                fields: FieldSet(entry["fieldsV1"] ?? [:]))
        }
    }

    /// Whether an entry that a writer gives says all that it has to.
    static func isWhole(_ entry: JSONValue) -> Bool {
        entry["apiVersion"]?.string?.isEmpty == false && entry["fieldsType"] == "FieldsV1"
            && entry["fieldsV1"]?.object?.keys.allSatisfy { $0 == "." || $0.dropFirst().first == ":" } == true
    }

    /// The entries in the order in which the API shows them; nil when there are none.
    static func write(_ entries: [ManagedFieldsEntry]) -> JSONValue? {
        let shown = entries.filter { !$0.fields.isEmpty }
        guard !shown.isEmpty else { return nil }
        return .array(shown.sorted { $0.precedes($1) }.map(\.object))
    }

    private func precedes(_ other: ManagedFieldsEntry) -> Bool {
        let mine = [operation.rawValue, time ?? "", manager, apiVersion, subresource]
        let theirs = [other.operation.rawValue, other.time ?? "", other.manager, other.apiVersion, other.subresource]
        return mine.lexicographicallyPrecedes(theirs)
    }

    private var object: JSONValue {
        var object: JSONValue = [
            "manager": .string(manager), "operation": .string(operation.rawValue), "apiVersion": .string(apiVersion),
            "fieldsType": "FieldsV1", "fieldsV1": fields.object,
        ]
        if let time { object["time"] = .string(time) }
        if !subresource.isEmpty { object["subresource"] = .string(subresource) }
        return object
    }
}
