import K8sClient

/// What was seen of the backend; readable by kstatus without a rule of its own.
struct ChatBackendStatus: Codable, Sendable, Hashable {
    /// -1 until the operator saw the resource, as the schema's default says.
    var observedGeneration: Int64?
    var conditions: [Condition]?
    var replicas: Int?
    var readyReplicas: Int?
    var selector: String?
    var version: String?
    var url: String?
    var inventory: [InventoryEntry]?
}

/// One object made for a backend, with what tells whether it is still as it was made.
struct InventoryEntry: Codable, Sendable, Hashable {
    var apiVersion: String
    var kind: String
    var namespace: String?
    var name: String
    /// A hash of the manifest that was applied.
    var hash: String
    /// A hash of the operator's `managedFields` entry in the server's answer.
    var fieldsHash: String
}
