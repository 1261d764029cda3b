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
    /// The value of the annotation `chatbackend.io/reconcile-at` that was acted on last.
    var lastHandledReconcileAt: String?
    var inventory: [InventoryEntry]?
    var secrets: SecretsSeen?
}

/// What the pods' Secrets were when they were last read: while `NAME-secret` is at that version, nothing has to be read.
struct SecretsSeen: Codable, Sendable, Hashable {
    /// Of `NAME-secret`.
    var resourceVersion: String
    /// Keyed, of every value that the pods read.
    var hash: Digest
}
