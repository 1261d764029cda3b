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
}
