import K8sClient

/// One step of a Deployment's controller, decided from what is there: nothing here reads or writes the cluster.
///
/// A step is small (create one ReplicaSet, or scale some); the changes that it makes bring the next.
struct DeploymentPlan {
    enum Action: Hashable {
        case createReplicaSet(JSONValue)
        /// Sets a ReplicaSet's replicas and its annotations about the Deployment's size.
        case scale(String, from: Int, to: Int)
        case setRevision(String, Int)
        case delete(String)
    }

    private(set) var actions: [Action] = []
    /// The revision to show on the Deployment, when there is one.
    private(set) var revision: Int?
    private(set) var conditions: Conditions

    let deployment: DeploymentSpec
    let old: [ReplicaSetView]
    private(set) var new: ReplicaSetView?
    let now: KubernetesTime

    /// - Parameters:
    ///   - replicaSets: those that the Deployment controls.
    ///   - oldPods: how many pods of old ReplicaSets are there, the terminating included.
    init(_ object: JSONValue, replicaSets: [JSONValue], oldPods: (ReplicaSetView) -> Int, now: KubernetesTime) {
        let deployment = DeploymentSpec(object)
        let all = replicaSets.map(ReplicaSetView.init).sortedByAge()
        let template = deployment.template
        let new = all.first { $0.template == template }
        self.deployment = deployment
        self.new = new
        self.now = now
        old = all.filter { $0.name != new?.name }
        conditions = Conditions(object)
        decide(oldPods: oldPods)
    }

    private var all: [ReplicaSetView] { old + (new.map { [$0] } ?? []) }

    private mutating func decide(oldPods: (ReplicaSetView) -> Int) {
        guard !deployment.meta.isDeleting else { return }
        adoptRevision()
        markPaused()
        if deployment.isPaused {
            proportionalScale()
        } else if all.contains(where: { $0.replicas > 0 && $0.desired != deployment.replicas }) {
            proportionalScale()
        } else {
            switch deployment.strategy {
            case .recreate: recreate(oldPods: oldPods)
            case .rollingUpdate: roll()
            }
            if actions.isEmpty { forgetOldRevisions() }
        }
    }

    /// A template that is used again (a rollback) becomes the newest revision.
    private mutating func adoptRevision() {
        guard let new else { return }
        let newest = (old.map(\.revision).max() ?? 0) + 1
        if new.revision < newest {
            actions.append(.setRevision(new.name, newest))
            revision = newest
        } else {
            revision = new.revision
        }
        if conditions["Progressing"] == nil, deployment.progressDeadlineSeconds != nil {
            progressing("True", "FoundNewReplicaSet", "Found new replica set \"\(new.name)\"")
        }
    }

    private mutating func markPaused() {
        guard deployment.progressDeadlineSeconds != nil else { return }
        let reason = conditions["Progressing"]?["reason"]?.string
        if deployment.isPaused, reason != "DeploymentPaused" {
            progressing("Unknown", "DeploymentPaused", "Deployment is paused")
        } else if !deployment.isPaused, reason == "DeploymentPaused" {
            progressing("Unknown", "DeploymentResumed", "Deployment is resumed")
        }
    }

    private mutating func progressing(_ status: String, _ reason: String, _ message: String) {
        conditions.set(
            "Progressing", status, reason: reason, message: message, now: now,
            more: ["lastUpdateTime": .string(now.description)])
    }

    private mutating func scale(_ set: ReplicaSetView, to replicas: Int) {
        if set.replicas != replicas || set.desired != deployment.replicas
            || set.maximum != deployment.replicas + deployment.maxSurge
        {
            actions.append(.scale(set.name, from: set.replicas, to: replicas))
        }
    }

    // MARK: Strategies

    private mutating func recreate(oldPods: (ReplicaSetView) -> Int) {
        for set in old where set.replicas > 0 { scale(set, to: 0) }
        guard actions.allSatisfy({ if case .scale = $0 { false } else { true } }),
            !old.contains(where: { oldPods($0) > 0 })
        else { return }
        guard let new else { return create() }
        if new.replicas != deployment.replicas { scale(new, to: deployment.replicas) }
    }

    private mutating func roll() {
        guard let new else { return create() }
        let wanted = newReplicas(now: new.replicas)
        guard wanted == new.replicas else { return scale(new, to: wanted) }
        scaleDownOld(new)
    }

    /// How many replicas the new ReplicaSet may have by now.
    private func newReplicas(now current: Int) -> Int {
        guard deployment.strategy == .rollingUpdate, current < deployment.replicas else { return deployment.replicas }
        let room = deployment.replicas + deployment.maxSurge - all.totalReplicas
        return room <= 0 ? current : current + min(room, deployment.replicas - current)
    }

    private mutating func scaleDownOld(_ new: ReplicaSetView) {
        guard old.totalReplicas > 0 else { return }
        let minimum = deployment.replicas - deployment.maxUnavailable
        let room = all.totalReplicas - minimum - (new.replicas - new.available)
        guard room > 0 else { return }
        // Replicas that are not available serve nobody: they go first, whatever it costs.
        var targets: [(set: ReplicaSetView, replicas: Int)] = []
        var cleaned = 0
        for set in old {
            let unhealthy = min(room - cleaned, max(0, set.replicas - set.available))
            cleaned += unhealthy
            targets.append((set, set.replicas - unhealthy))
        }
        var spare = max(0, all.totalAvailable - minimum)
        for index in targets.indices {
            let available = min(targets[index].replicas, targets[index].set.available)
            let down = min(available, spare, max(0, room - cleaned))
            spare -= down
            cleaned += down
            targets[index].replicas -= down
        }
        for target in targets where target.replicas != target.set.replicas { scale(target.set, to: target.replicas) }
    }

    private mutating func create() {
        let hash = GeneratedName.hash(of: deployment.template, collisions: deployment.collisionCount)
        let replicas = newReplicas(now: 0)
        let newest = (old.map(\.revision).max() ?? 0) + 1
        let set = deployment.replicaSet(hash: hash, replicas: replicas, revision: newest)
        actions.append(.createReplicaSet(set))
        revision = newest
        if deployment.progressDeadlineSeconds != nil {
            progressing("True", "NewReplicaSetCreated", "Created new replica set \"\(set.meta.name)\"")
        }
    }

    private mutating func forgetOldRevisions() {
        let complete = DeploymentStatus(deployment, all: all, new: new).isComplete
        guard complete else { return }
        let idle = old.filter { $0.replicas == 0 && $0.current == 0 && !$0.meta.isDeleting }
        let surplus = idle.count - deployment.revisionHistoryLimit
        guard surplus > 0 else { return }
        for set in idle.sorted(by: { $0.revision < $1.revision }).prefix(surplus) { actions.append(.delete(set.name)) }
    }

    // MARK: Scaling in the middle of a rollout

    /// Shares a change of `replicas` among the ReplicaSets in proportion to their sizes.
    private mutating func proportionalScale() {
        let active = all.filter { $0.replicas > 0 }
        if active.count <= 1 {
            guard let set = active.first ?? new ?? old.last else { return }
            return scale(set, to: deployment.replicas)
        }
        if let new, new.replicas == deployment.replicas, new.desired == deployment.replicas,
            new.available == deployment.replicas
        {
            for set in old where set.replicas > 0 { scale(set, to: 0) }
            return
        }
        guard deployment.strategy == .rollingUpdate else { return }
        let limit = deployment.replicas > 0 ? deployment.replicas + deployment.maxSurge : 0
        let change = limit - active.totalReplicas
        let sorted = active.sorted {
            change > 0
                ? ($0.replicas, $0.revision) > ($1.replicas, $1.revision)
                : ($0.replicas, -$0.revision) < ($1.replicas, -$1.revision)
        }
        var added = 0
        var targets: [Int] = sorted.map { set in
            let total = Double(set.maximum ?? deployment.replicas)
            let share = Int((Double(set.replicas * limit) / max(1, total)).rounded()) - set.replicas
            let part = change > 0 ? min(share, change - added) : max(share, change - added)
            added += part
            return set.replicas + part
        }
        // What rounding left over goes to the first, which is the largest when growing.
        if !targets.isEmpty { targets[0] = max(0, targets[0] + change - added) }
        for (set, target) in zip(sorted, targets) { scale(set, to: max(0, target)) }
    }
}

extension DeploymentSpec {
    /// A ReplicaSet of this Deployment's template.
    func replicaSet(hash: String, replicas: Int, revision: Int) -> JSONValue {
        var template = template
        template["metadata", "labels", ReplicaSetView.hashLabel] = .string(hash)
        var selector = object["spec", "selector"] ?? [:]
        selector["matchLabels", ReplicaSetView.hashLabel] = .string(hash)
        var annotations = inheritedAnnotations
        annotations[ReplicaSetView.revisionAnnotation] = String(revision)
        annotations[ReplicaSetView.desiredAnnotation] = String(self.replicas)
        annotations[ReplicaSetView.maximumAnnotation] = String(self.replicas + maxSurge)
        var set: JSONValue = [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "name": .string("\(meta.name)-\(hash)"), "namespace": .string(meta.namespace),
                "annotations": JSONValue(annotations),
                "labels": template["metadata", "labels"] ?? [:],
                "ownerReferences": [object.controllerReference(apiVersion: "apps/v1", kind: "Deployment")],
            ],
            "spec": ["replicas": JSONValue(replicas), "selector": selector, "template": template],
        ]
        if minReadySeconds > 0 { set["spec", "minReadySeconds"] = JSONValue(minReadySeconds) }
        return set
    }
}
