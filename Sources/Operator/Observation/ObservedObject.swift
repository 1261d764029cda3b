import K8sClient

/// What is kept of an owned object: enough to tell that it exists and that our fields are as we left them.
struct ObservedObject: Sendable, Hashable {
    let uid: ObjectUID
    let resourceVersion: String
    let generation: Int64
    let isTerminating: Bool
    /// The backend that its labels name.
    let backend: String?
    /// The uid of the controlling owner, when it has one.
    let ownerUID: ObjectUID?
    /// Of our `managedFields` entry; nil when we own nothing of the object (any more).
    let fieldsHash: Digest?
    /// Of a Deployment, how far it is; nil for other kinds.
    var rollout: DeploymentRollout? { boxedRollout?.rollout }

    /// Out of line, since most objects have none.
    private let boxedRollout: BoxedRollout?

    private final class BoxedRollout: Sendable, Hashable {
        let rollout: DeploymentRollout

        init(_ rollout: DeploymentRollout) { self.rollout = rollout }

        static func == (one: BoxedRollout, other: BoxedRollout) -> Bool { one.rollout == other.rollout }
        func hash(into hasher: inout Hasher) { hasher.combine(rollout) }
    }

    init(
        uid: String, resourceVersion: String, generation: Int64 = 0, isTerminating: Bool = false,
        backend: String? = nil, ownerUID: String? = nil, fieldsHash: Digest?, rollout: DeploymentRollout? = nil
    ) {
        self.uid = ObjectUID(uid)
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.isTerminating = isTerminating
        self.backend = backend
        self.ownerUID = ownerUID.map { ObjectUID($0) }
        self.fieldsHash = fieldsHash
        boxedRollout = rollout.map { BoxedRollout($0) }
    }
}

extension ObservedObject {
    /// What has to be read of an object for this: metadata alone.
    static let selection: JSONSelection = .members(metadataSelection)

    /// The same, and how far its rollout is.
    static let deploymentSelection: JSONSelection = .members(
        metadataSelection.merging(DeploymentRollout.selection) { $1 })

    private static let metadataSelection: [String: JSONSelection] = [
        "metadata": [
            "uid": .all, "resourceVersion": .all, "generation": .all, "deletionTimestamp": .all,
            "labels": [StandardLabels.instance: .all, StandardLabels.managedBy: .all, StandardLabels.adopt: .all],
            "ownerReferences": .items(["uid": .all, "controller": .all]),
            "managedFields": .items(["manager": .all, "operation": .all, "subresource": .all, "fieldsV1": .text]),
        ]
    ]

    /// Takes what `selection` has read.
    init(_ object: JSONValue, rollout: DeploymentRollout? = nil) {
        let metadata = object["metadata"]?.object ?? [:]
        self.init(
            uid: metadata["uid"]?.string ?? "", resourceVersion: metadata["resourceVersion"]?.string ?? "",
            generation: Int64(metadata["generation"]?.int ?? 0), isTerminating: metadata["deletionTimestamp"] != nil,
            backend: metadata["labels"]?[StandardLabels.instance]?.string,
            ownerUID: metadata["ownerReferences"]?.array?.first { $0["controller"] == true }?["uid"]?.string,
            fieldsHash: Self.fieldsHash(metadata["managedFields"]?.array ?? []), rollout: rollout)
    }

    /// The server writes a set of fields in one order always, so that its text tells whether it changed.
    private static func fieldsHash(_ entries: [JSONValue]) -> Digest? {
        ownFields(entries).map { Digest(of: $0) }
    }

    private static func ownFields(_ entries: [JSONValue]) -> String? {
        let own = entries.first { entry in
            entry["manager"]?.string == FieldManager.name && entry["operation"]?.string == "Apply"
                && entry["subresource"] == nil
        }
        return own?["fieldsV1"]?.string
    }

    /// The text of the operator's `managedFields` entry of an object that `selection` has read.
    static func ownFields(_ object: JSONValue) -> String? {
        ownFields(object["metadata", "managedFields"]?.array ?? [])
    }
}

/// The name under which the operator applies.
enum FieldManager {
    static let name = "chatbackend-operator"
    /// Holds a Deployment's `replicas` between the operator and an autoscaler.
    static let handover = "chatbackend-operator-handover"
}
