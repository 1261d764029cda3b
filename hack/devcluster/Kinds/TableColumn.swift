import FoundationEssentials
import K8sClient

/// A column of the tables that `kubectl get` prints (`metav1.TableColumnDefinition`).
struct TableColumn: Sendable, Hashable {
    var name: String
    var type = "string"
    var format = ""
    var description = ""
    var priority = 0

    var object: JSONValue {
        [
            "name": .string(name), "type": .string(type), "format": .string(format),
            "description": .string(description), "priority": JSONValue(priority),
        ]
    }

    static let name = TableColumn(
        name: "Name", format: "name",
        description: "Name must be unique within a namespace. Is required when creating resources, although some "
            + "resources may allow a client to request the generation of an appropriate name automatically. Name is "
            + "primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: "
            + "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names")

    static let age = TableColumn(
        name: "Age",
        description:
            "CreationTimestamp is a timestamp representing the server time when this object was created. It is "
            + "not guaranteed to be set in happens-before order across separate operations. Clients may not set this "
            + "value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for "
            + "lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
            + "#metadata")

    static let nameAndAge = [
        name,
        TableColumn(
            name: "Created At", type: "date", description: "CreationTimestamp is when this object was created."),
    ]

    static let nameAndAgeCells: @Sendable (JSONValue) -> [JSONValue] = {
        [.string($0.meta.name), .string($0.meta.creationTimestamp)]
    }

    /// A column that only `-o wide` shows.
    static func wide(_ name: String, type: String = "string", description: String = "") -> TableColumn {
        TableColumn(name: name, type: type, description: description, priority: 1)
    }
}

/// Spans of time in the short form of `kubectl`: `45s`, `3m12s`, `5d`.
enum HumanDuration {
    static func age(_ timestamp: String?) -> JSONValue {
        guard let timestamp, let then = Timestamp.seconds(timestamp) else { return "<unknown>" }
        return .string(text(seconds: Int(Date().timeIntervalSince1970 - then)))
    }

    static func text(seconds: Int) -> String {
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if days < 8 { return pair(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        let years = days / 365
        return years < 8 ? pair(years, "y", days % 365, "d") : "\(years)y"
    }

    private static func pair(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(largeUnit)" : "\(large)\(largeUnit)\(small)\(smallUnit)"
    }
}
