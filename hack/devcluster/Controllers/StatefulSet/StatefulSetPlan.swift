import K8sClient

/// One step of a StatefulSet's controller, decided from what is there: nothing here reads or writes the cluster.
///
/// With the pod management policy `OrderedReady` a step touches one pod, and only when all before it are available;
/// `Parallel` creates and deletes what there is to create and delete, but updates in order as well.
struct StatefulSetPlan {
    enum Action: Hashable {
        /// Creates a pod of the current revision, or of the one that is on the way.
        case create(Int, isUpdate: Bool)
        case delete(String)
    }

    /// A pod as the plan looks at it.
    struct Pod {
        let object: JSONValue
        let ordinal: Int
        let revision: String
        let isDeleting: Bool
        /// It ended, well or not: a StatefulSet's pods are to run.
        let isOver: Bool
        let isReady: Bool
        let isAvailable: Bool

        init?(_ object: JSONValue, _ set: StatefulSetSpec, now: KubernetesTime) {
            guard let ordinal = set.ordinal(of: object.meta.name) else { return nil }
            self.object = object
            self.ordinal = ordinal
            revision = object.meta.labels[StatefulSetRevisions.podLabel] ?? ""
            isDeleting = object.meta.isDeleting
            let phase = object["status", "phase"]?.string
            isOver = phase == "Succeeded" || phase == "Failed"
            isReady = phase == "Running" && object.isTrue("Ready")
            isAvailable = isReady && (object.readySince.map { now - $0 >= set.minReadySeconds } ?? false)
        }

        var isHealthy: Bool { isAvailable && !isDeleting }
    }

    private(set) var actions: [Action] = []
    let set: StatefulSetSpec
    /// In the order of their ordinals.
    let pods: [Pod]
    /// Seconds until a ready pod counts as available.
    let again: Int?
    private let current: String
    private let update: String

    /// - Parameters:
    ///   - pods: those that the set controls.
    ///   - current, update: the names of the two revisions.
    init(_ set: StatefulSetSpec, pods: [JSONValue], current: String, update: String, now: KubernetesTime) {
        self.set = set
        self.current = current
        self.update = update
        self.pods = pods.compactMap { Pod($0, set, now: now) }.sorted { $0.ordinal < $1.ordinal }
        again = self.pods.filter { $0.isReady && !$0.isAvailable }
            .compactMap { pod in pod.object.readySince.map { max(1, set.minReadySeconds - (now - $0)) } }.min()
        if !set.meta.isDeleting { decide() }
    }

    private mutating func decide() {
        let byOrdinal = Dictionary(pods.map { ($0.ordinal, $0) }, uniquingKeysWith: { first, _ in first })
        guard fill(byOrdinal), shrink() else { return }
        roll(byOrdinal)
    }

    /// Sees that every ordinal has its pod; false when one of them has to be waited for.
    private mutating func fill(_ byOrdinal: [Int: Pod]) -> Bool {
        for ordinal in set.ordinals {
            guard let pod = byOrdinal[ordinal] else {
                let keepsOld = !set.updatesOnDelete && ordinal < set.start + set.partition
                actions.append(.create(ordinal, isUpdate: !keepsOld))
                if set.isParallel { continue }
                return false
            }
            if pod.isOver, !pod.isDeleting {
                actions.append(.delete(pod.object.meta.name))
                if set.isParallel { continue }
                return false
            }
            if !set.isParallel, !pod.isHealthy { return false }
        }
        return true
    }

    /// Takes away what is above `replicas`, the highest first; false when one of them has to be waited for.
    private mutating func shrink() -> Bool {
        let surplus = pods.filter { !set.ordinals.contains($0.ordinal) }
        let firstUnhealthy = surplus.first { !$0.isHealthy }?.ordinal
        for pod in surplus.reversed() {
            if pod.isDeleting {
                if set.isParallel { continue }
                return false
            }
            if !set.isParallel, !pod.isReady, pod.ordinal != firstUnhealthy { return false }
            actions.append(.delete(pod.object.meta.name))
            if !set.isParallel { return false }
        }
        return true
    }

    /// Brings the pods to the new revision, the highest first, down to the partition.
    private mutating func roll(_ byOrdinal: [Int: Pod]) {
        guard !set.updatesOnDelete else { return }
        let deleted = Set(actions.compactMap { if case .delete(let name) = $0 { name } else { nil } })
        var budget = set.maxUnavailable
        for ordinal in set.ordinals.reversed() where ordinal >= set.start + set.partition {
            let pod = byOrdinal[ordinal]
            if let pod, pod.revision != update, !pod.isDeleting, !deleted.contains(pod.object.meta.name) {
                actions.append(.delete(pod.object.meta.name))
                budget -= 1
            } else if pod?.isHealthy != true {
                budget -= 1
            }
            // One at a time unless more are allowed: what was replaced has to come up before the next one goes.
            if budget <= 0 { return }
        }
    }

    // MARK: Status

    func status() -> JSONValue {
        var counts = [
            "replicas": 0, "readyReplicas": 0, "availableReplicas": 0, "currentReplicas": 0, "updatedReplicas": 0,
        ]
        for pod in pods {
            counts["replicas", default: 0] += 1
            if pod.isReady { counts["readyReplicas", default: 0] += 1 }
            if pod.isAvailable { counts["availableReplicas", default: 0] += 1 }
            if pod.isDeleting { continue }
            if pod.revision == current { counts["currentReplicas", default: 0] += 1 }
            if pod.revision == update { counts["updatedReplicas", default: 0] += 1 }
        }
        let isUpdated =
            !set.updatesOnDelete
            && ["updatedReplicas", "readyReplicas", "replicas"].allSatisfy { counts[$0] == set.replicas }
        if isUpdated { counts["currentReplicas"] = counts["updatedReplicas"] }
        var status: [String: JSONValue] = [
            "observedGeneration": JSONValue(set.meta.generation),
            "currentRevision": .string(isUpdated ? update : current), "updateRevision": .string(update),
            "collisionCount": JSONValue(set.object["status", "collisionCount"]?.int ?? 0),
        ]
        if let conditions = set.object["status", "conditions"] { status["conditions"] = conditions }
        // As the API leaves zeros out of a StatefulSet's status, but for these two.
        for (name, count) in counts where count != 0 || name == "replicas" || name == "availableReplicas" {
            status[name] = JSONValue(count)
        }
        return .object(status)
    }
}
