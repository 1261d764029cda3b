import K8sClient

/// What the controller reads of a Deployment, with the defaults of the API where a field is missing.
struct DeploymentSpec {
    enum Strategy { case rollingUpdate, recreate }

    let object: JSONValue
    let meta: ObjectMeta

    init(_ object: JSONValue) {
        self.object = object
        meta = object.meta
    }

    var replicas: Int { object["spec", "replicas"]?.int ?? 1 }
    var template: JSONValue { object["spec", "template"] ?? [:] }
    var isPaused: Bool { object["spec", "paused"]?.bool ?? false }
    var minReadySeconds: Int { object["spec", "minReadySeconds"]?.int ?? 0 }
    var revisionHistoryLimit: Int { object["spec", "revisionHistoryLimit"]?.int ?? 10 }
    var collisionCount: Int { object["status", "collisionCount"]?.int ?? 0 }
    var strategy: Strategy { object["spec", "strategy", "type"]?.string == "Recreate" ? .recreate : .rollingUpdate }

    /// How long a rollout may go without progress; nil for ever.
    var progressDeadlineSeconds: Int? {
        let seconds = object["spec", "progressDeadlineSeconds"]?.int ?? 600
        return seconds == Int(Int32.max) ? nil : seconds
    }

    /// How many pods there may be above `replicas`: percentages round up.
    var maxSurge: Int { strategy == .recreate ? 0 : bounds.surge }

    /// How many of `replicas` may be unavailable: percentages round down. Never 0 together with `maxSurge`, since
    /// nothing could move then.
    var maxUnavailable: Int { strategy == .recreate ? 0 : min(bounds.unavailable, replicas) }

    private var bounds: (surge: Int, unavailable: Int) {
        let settings = object["spec", "strategy", "rollingUpdate"]
        let surge = (settings?["maxSurge"] ?? "25%").count(of: replicas, roundingUp: true) ?? 0
        let unavailable = (settings?["maxUnavailable"] ?? "25%").count(of: replicas, roundingUp: false) ?? 0
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable)
    }

    /// Annotations that a new ReplicaSet takes over: what describes the Deployment itself stays with it.
    var inheritedAnnotations: [String: String] {
        meta.annotations.filter {
            $0.key != "kubectl.kubernetes.io/last-applied-configuration"
                && !$0.key.hasPrefix("deployment.kubernetes.io/")
        }
    }
}

/// What the Deployment's controller reads of a ReplicaSet.
struct ReplicaSetView {
    static let revisionAnnotation = "deployment.kubernetes.io/revision"
    static let desiredAnnotation = "deployment.kubernetes.io/desired-replicas"
    static let maximumAnnotation = "deployment.kubernetes.io/max-replicas"
    static let hashLabel = "pod-template-hash"

    let object: JSONValue
    let meta: ObjectMeta
    let annotations: [String: String]

    init(_ object: JSONValue) {
        self.object = object
        meta = object.meta
        annotations = meta.annotations
    }

    var name: String { meta.name }
    var replicas: Int { object["spec", "replicas"]?.int ?? 1 }
    var current: Int { object["status", "replicas"]?.int ?? 0 }
    var ready: Int { object["status", "readyReplicas"]?.int ?? 0 }
    var available: Int { object["status", "availableReplicas"]?.int ?? 0 }
    var revision: Int { annotations[Self.revisionAnnotation].flatMap { Int($0) } ?? 0 }
    var desired: Int? { annotations[Self.desiredAnnotation].flatMap { Int($0) } }
    var maximum: Int? { annotations[Self.maximumAnnotation].flatMap { Int($0) } }

    /// The pod template as the Deployment has it: without the hash that tells ReplicaSets apart.
    var template: JSONValue {
        var template = object["spec", "template"] ?? [:]
        template["metadata", "labels", Self.hashLabel] = nil
        return template
    }
}

extension [ReplicaSetView] {
    var totalReplicas: Int { reduce(0) { $0 + $1.replicas } }
    var totalAvailable: Int { reduce(0) { $0 + $1.available } }

    /// Oldest first.
    func sortedByAge() -> [ReplicaSetView] {
        sorted {
            ($0.meta.created?.seconds ?? 0, $0.revision, $0.name)
                < ($1.meta.created?.seconds ?? 0, $1.revision, $1.name)
        }
    }
}
