import K8sClient

/// What is kept of an owned object: enough to tell that it exists and that our fields are as we left them.
struct ObservedObject: Sendable, Hashable {
    let uid: String
    let resourceVersion: String
    let generation: Int64
    let isTerminating: Bool
    /// The backend that its labels name.
    let backend: String?
    /// The uid of the controlling owner, when it has one.
    let ownerUID: String?
    /// A hash of our `managedFields` entry; nil when we own nothing of the object (any more).
    let fieldsHash: String?
    /// Of a Deployment, how far it is; nil for other kinds.
    let rollout: DeploymentRollout?

    init(_ metadata: ObjectMeta, rollout: DeploymentRollout? = nil) {
        self.init(metadata, fieldsHash: Self.fieldsHash(metadata.managedFields), rollout: rollout)
    }

    init(_ metadata: ObjectMeta, fieldsHash: String?, rollout: DeploymentRollout? = nil) {
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion
        generation = metadata.generation ?? 0
        isTerminating = metadata.isBeingDeleted
        backend = metadata.labels[StandardLabels.instance]
        ownerUID = metadata.ownerReferences.first { $0.controller == true }?.uid
        self.fieldsHash = fieldsHash
        self.rollout = rollout
    }

    private static func fieldsHash(_ entries: [ManagedFieldsEntry]) -> String? {
        entries.first { entry in
            entry.manager == FieldManager.name && entry.operation == "Apply" && entry.subresource == nil
        }?.fieldsV1.map { Digest.hash(of: $0) }
    }
}

/// The name under which the operator applies.
enum FieldManager {
    static let name = "chatbackend-operator"
}

/// The few fields of a Deployment's status that tell how far a rollout is.
struct DeploymentRollout: Decodable, Sendable, Hashable {
    var desired: Int
    var observedGeneration: Int64
    var replicas: Int
    var updated: Int
    var ready: Int
    var available: Int
    /// The message of `Progressing=False`, when the Deployment has given up.
    var failure: String?

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

    private struct Spec: Decodable { var replicas: Int? }
    private struct Status: Decodable {
        struct Condition: Decodable {
            var type: String
            var status: String
            var message: String?
        }
        var observedGeneration: Int64?
        var replicas: Int?
        var updatedReplicas: Int?
        var readyReplicas: Int?
        var availableReplicas: Int?
        var conditions: [Condition]?
    }
    private enum CodingKeys: CodingKey { case spec, status }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        desired = try container.decodeIfPresent(Spec.self, forKey: .spec)?.replicas ?? 1
        let status = try container.decodeIfPresent(Status.self, forKey: .status)
        observedGeneration = status?.observedGeneration ?? 0
        replicas = status?.replicas ?? 0
        updated = status?.updatedReplicas ?? 0
        ready = status?.readyReplicas ?? 0
        available = status?.availableReplicas ?? 0
        failure =
            status?.conditions?.first { $0.type == "Progressing" && $0.status == "False" }
            .map { $0.message ?? "the Deployment made no progress" }
    }
}

/// A Deployment as the informer decodes it.
struct ObservedDeployment: Decodable, KubernetesObject {
    let metadata: ObjectMeta
    let rollout: DeploymentRollout

    private enum CodingKeys: CodingKey { case metadata }

    init(from decoder: any Decoder) throws {
        metadata = try decoder.container(keyedBy: CodingKeys.self).decode(ObjectMeta.self, forKey: .metadata)
        rollout = try DeploymentRollout(from: decoder)
    }
}
