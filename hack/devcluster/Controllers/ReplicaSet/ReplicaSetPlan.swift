import K8sClient

/// What a ReplicaSet's controller does about its pods, and the status that it reports; pure.
struct ReplicaSetPlan {
    /// How many pods to create now.
    private(set) var creations = 0
    /// The names of pods to delete now.
    private(set) var deletions: [String] = []
    let status: JSONValue
    /// Seconds until a ready pod counts as available.
    private(set) var again: Int?

    /// No more pods than this are created in one step, so that a typing error in `replicas` does not stop the machine.
    static let burst = 100

    /// - Parameter pods: those that the ReplicaSet controls.
    init(_ set: JSONValue, pods: [JSONValue], now: KubernetesTime) {
        let wanted = set["spec", "replicas"]?.int ?? 1
        let minReady = set["spec", "minReadySeconds"]?.int ?? 0
        let active = pods.filter {
            !$0.meta.isDeleting && !["Succeeded", "Failed"].contains($0["status", "phase"]?.string)
        }
        let templateLabels = set["spec", "template", "metadata", "labels"]?.strings ?? [:]
        let ready = active.filter { $0.isTrue("Ready") }
        var available = 0
        for pod in ready {
            let left = minReady - (now - (pod.readySince ?? now))
            if minReady == 0 || left <= 0 { available += 1 } else { again = min(again ?? left, left) }
        }
        if !set.meta.isDeleting {
            if active.count < wanted {
                creations = min(wanted - active.count, Self.burst)
            } else if active.count > wanted {
                deletions = active.sorted(by: Self.goesBefore).prefix(active.count - wanted).map(\.meta.name)
            }
        }
        var status: [String: JSONValue] = [
            "replicas": JSONValue(active.count), "observedGeneration": JSONValue(set.meta.generation),
        ]
        let labelled = active.count { pod in
            let labels = pod.meta.labels
            return templateLabels.allSatisfy { labels[$0.key] == $0.value }
        }
        for (key, count) in [
            ("fullyLabeledReplicas", labelled), ("readyReplicas", ready.count), ("availableReplicas", available),
        ] where count != 0 {
            status[key] = JSONValue(count)
        }
        if let conditions = set["status", "conditions"] { status["conditions"] = conditions }
        self.status = .object(status)
    }

    /// Whether a pod is given up before another: unassigned, pending, not ready, cheap, newly ready, often restarted,
    /// young ones first (as `ActivePodsWithRanks` of Kubernetes orders them).
    private static func goesBefore(_ left: JSONValue, _ right: JSONValue) -> Bool {
        func rank(_ pod: JSONValue) -> [Int] {
            let phase = ["Pending": 0, "Unknown": 1, "Running": 2][pod["status", "phase"]?.string ?? "Pending"] ?? 0
            let cost = pod.meta.annotations["controller.kubernetes.io/pod-deletion-cost"].flatMap { Int($0) } ?? 0
            let restarts = pod.items("status", "containerStatuses").map { $0["restartCount"]?.int ?? 0 }.max() ?? 0
            return [
                pod["spec", "nodeName"]?.string == nil ? 0 : 1, phase, pod.isTrue("Ready") ? 1 : 0, cost,
                -(pod.readySince?.seconds ?? 0), -restarts, -(pod.meta.created?.seconds ?? 0),
            ]
        }
        return rank(left).lexicographicallyPrecedes(rank(right))
    }
}

extension JSONValue {
    /// Since when a pod has been ready; nil when it is not.
    var readySince: KubernetesTime? {
        guard isTrue("Ready") else { return nil }
        return condition("Ready")?["lastTransitionTime"]?.string.flatMap(KubernetesTime.init)
    }

    /// A pod of this controller's `spec.template`, under a generated name.
    /// - Parameter prefix: what the name begins with, the dash included.
    func podFromTemplate(prefix: String, owner: JSONValue) -> JSONValue {
        let template = self["spec", "template"] ?? [:]
        var metadata: [String: JSONValue] = [
            "name": .string(GeneratedName.random(prefix)), "generateName": .string(prefix),
            "namespace": .string(meta.namespace), "ownerReferences": [owner],
        ]
        metadata["labels"] = template["metadata", "labels"]
        metadata["annotations"] = template["metadata", "annotations"]
        if let finalizers = template["metadata", "finalizers"] { metadata["finalizers"] = finalizers }
        return [
            "apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": template["spec"] ?? [:],
        ]
    }
}
