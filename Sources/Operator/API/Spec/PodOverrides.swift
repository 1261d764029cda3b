import K8sClient

/// Where pods run and how they end, in Kubernetes' own terms.
struct PodOverrides: Codable, Sendable, Hashable {
    var nodeSelector: [String: String]?
    var tolerations: [JSONValue]?
    /// Of the backend's pods, not of its jobs'.
    var affinity: JSONValue?
    /// Of the backend's pods, in place of the operator's own; without a `labelSelector` they count the backend's pods.
    var topologySpreadConstraints: [JSONValue]?
    var priorityClassName: String?
    /// Seconds that the backend's pods have to end in; 60 where absent.
    var terminationGracePeriodSeconds: Int?
}
