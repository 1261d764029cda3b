import K8sClient

/// What a StatefulSet asks for.
struct StatefulSetSpec {
    let object: JSONValue
    let meta: ObjectMeta

    init(_ object: JSONValue) {
        self.object = object
        meta = object.meta
    }

    var replicas: Int { object["spec", "replicas"]?.int ?? 1 }
    /// The first pod's ordinal.
    var start: Int { object["spec", "ordinals", "start"]?.int ?? 0 }
    var ordinals: Range<Int> { start..<(start + replicas) }
    /// Whether pods come and go all at once instead of one after the other.
    var isParallel: Bool { object["spec", "podManagementPolicy"]?.string == "Parallel" }
    var minReadySeconds: Int { object["spec", "minReadySeconds"]?.int ?? 0 }
    var revisionHistoryLimit: Int { object["spec", "revisionHistoryLimit"]?.int ?? 10 }
    var updatesOnDelete: Bool { object["spec", "updateStrategy", "type"]?.string == "OnDelete" }
    /// How many pods, counted from the first, keep the old revision.
    var partition: Int { object["spec", "updateStrategy", "rollingUpdate", "partition"]?.int ?? 0 }
    /// How many pods an update may make unavailable at a time.
    var maxUnavailable: Int {
        let value = object["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]
        return max(1, value?.count(of: replicas, roundingUp: false) ?? 1)
    }
    var claimTemplates: [JSONValue] { object.items("spec", "volumeClaimTemplates") }

    func podName(_ ordinal: Int) -> String { "\(meta.name)-\(ordinal)" }

    /// The ordinal in a pod's name; nil when the name is not one of this set's.
    func ordinal(of name: String) -> Int? {
        guard name.hasPrefix(meta.name + "-") else { return nil }
        let digits = name.dropFirst(meta.name.count + 1)
        guard let ordinal = Int(digits), ordinal >= 0, String(ordinal) == digits else { return nil }
        return ordinal
    }

    func claimName(_ template: JSONValue, _ ordinal: Int) -> String {
        "\(template.meta.name)-\(podName(ordinal))"
    }

    /// The claims of one pod, as they are created before it.
    func claims(_ ordinal: Int) -> [JSONValue] {
        let labels = object["spec", "selector", "matchLabels"]?.strings ?? [:]
        return claimTemplates.map { template in
            var claim = template
            claim["apiVersion"] = "v1"
            claim["kind"] = "PersistentVolumeClaim"
            claim["status"] = nil
            claim["metadata", "name"] = .string(claimName(template, ordinal))
            claim["metadata", "namespace"] = .string(meta.namespace)
            claim["metadata", "labels"] = JSONValue(template.meta.labels.merging(labels) { $1 })
            return claim
        }
    }

    /// One pod of a revision's template, with its stable name, host name and claims.
    func pod(_ ordinal: Int, template: JSONValue, revision: String) -> JSONValue {
        let name = podName(ordinal)
        var labels = template["metadata", "labels"]?.strings ?? [:]
        labels["statefulset.kubernetes.io/pod-name"] = name
        labels["apps.kubernetes.io/pod-index"] = String(ordinal)
        labels[StatefulSetRevisions.podLabel] = revision
        var pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string(name), "generateName": .string(meta.name + "-"), "namespace": .string(meta.namespace),
                "labels": JSONValue(labels),
                "ownerReferences": [object.controllerReference(apiVersion: "apps/v1", kind: "StatefulSet")],
            ],
            "spec": template["spec"] ?? [:],
        ]
        for member in ["annotations", "finalizers"] {
            pod["metadata", member] = template["metadata", member]
        }
        pod["spec", "hostname"] = .string(name)
        if let service = object["spec", "serviceName"]?.string, !service.isEmpty {
            pod["spec", "subdomain"] = .string(service)
        }
        let names = claimTemplates.map { $0.meta.name }
        let others = pod.items("spec", "volumes").filter { !names.contains($0.nameOrEmpty) }
        let claims = claimTemplates.map { claim -> JSONValue in
            [
                "name": .string(claim.meta.name),
                "persistentVolumeClaim": ["claimName": .string(claimName(claim, ordinal))],
            ]
        }
        if !(claims + others).isEmpty { pod["spec", "volumes"] = .array(claims + others) }
        return pod
    }
}

/// Who owns a claim of a StatefulSet, so that the garbage collector deletes it in time
/// (`persistentVolumeClaimRetentionPolicy`).
enum ClaimOwner: Hashable {
    case nobody, set, pod

    /// - Parameter isSurplus: whether the claim's pod is above what `replicas` asks for.
    init(_ set: StatefulSetSpec, isSurplus: Bool) {
        let policy = set.object["spec", "persistentVolumeClaimRetentionPolicy"]
        if isSurplus, policy?["whenScaled"] == "Delete" {
            self = .pod
        } else {
            self = policy?["whenDeleted"] == "Delete" ? .set : .nobody
        }
    }

    /// The owner references that a claim has to have, from those that it has.
    func references(_ current: [JSONValue], set: JSONValue, pod: JSONValue?) -> [JSONValue] {
        let names = Set([set.meta.name, pod?.meta.name].compactMap { $0 })
        let others = current.filter { reference in
            let kind = reference["kind"]?.string ?? ""
            return !["StatefulSet", "Pod"].contains(kind) || !names.contains(reference["name"]?.string ?? "")
        }
        switch self {
        case .nobody: return others
        case .set: return others + [set.controllerReference(apiVersion: "apps/v1", kind: "StatefulSet")]
        case .pod: return others + (pod.map { [$0.controllerReference(apiVersion: "v1", kind: "Pod")] } ?? [])
        }
    }
}
