import K8sClient

/// The few fields of a Deployment's status that tell how far a rollout is.
struct DeploymentRollout: Sendable, Hashable {
    var desired: Int
    var observedGeneration: Int64
    var replicas: Int
    var updated: Int
    var ready: Int
    var available: Int
    /// The message of `Progressing=False`, when the Deployment has given up.
    var failure: String?
    /// Whether the operator's last apply set `replicas` and nobody has changed it since.
    var ownsReplicas = false

    init(
        desired: Int, observedGeneration: Int64, replicas: Int, updated: Int, ready: Int, available: Int,
        failure: String? = nil
    ) {
        self.desired = desired
        self.observedGeneration = observedGeneration
        self.replicas = replicas
        self.updated = updated
        self.ready = ready
        self.available = available
        self.failure = failure
    }

    /// What of a Deployment has to be read for this.
    static let selection: [String: JSONSelection] = [
        "spec": ["replicas": .all],
        "status": [
            "observedGeneration": .all, "replicas": .all, "updatedReplicas": .all, "readyReplicas": .all,
            "availableReplicas": .all,
            "conditions": .items(["type": .all, "status": .all, "message": .all]),
        ],
    ]

    init(_ deployment: JSONValue) {
        let status = deployment["status"]?.object ?? [:]
        let failed = status["conditions"]?.array?.first { $0["type"] == "Progressing" && $0["status"] == "False" }
        self.init(
            desired: deployment["spec", "replicas"]?.int ?? 1,
            observedGeneration: Int64(status["observedGeneration"]?.int ?? 0), replicas: status["replicas"]?.int ?? 0,
            updated: status["updatedReplicas"]?.int ?? 0, ready: status["readyReplicas"]?.int ?? 0,
            available: status["availableReplicas"]?.int ?? 0,
            failure: failed.map { $0["message"]?.string ?? "the Deployment made no progress" })
        ownsReplicas = ObservedObject.ownFields(deployment)?.contains("\"f:replicas\":{}") ?? false
    }
}
