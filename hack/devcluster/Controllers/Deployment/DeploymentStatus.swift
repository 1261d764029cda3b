import K8sClient

/// A Deployment's counts, from its ReplicaSets.
struct DeploymentStatus {
    let deployment: DeploymentSpec
    let replicas: Int
    let updated: Int
    let ready: Int
    let available: Int
    let unavailable: Int
    private let newName: String?

    init(_ deployment: DeploymentSpec, all: [ReplicaSetView], new: ReplicaSetView?) {
        self.deployment = deployment
        replicas = all.reduce(0) { $0 + $1.current }
        updated = new?.current ?? 0
        ready = all.reduce(0) { $0 + $1.ready }
        available = all.totalAvailable
        unavailable = max(0, all.totalReplicas - all.totalAvailable)
        newName = new?.name
    }

    /// Whether the rollout is over. Without its ReplicaSet it has not begun, also where no replica is asked for.
    var isComplete: Bool {
        newName != nil && updated == deployment.replicas && replicas == deployment.replicas
            && available == deployment.replicas
    }

    private var old: JSONValue? { deployment.object["status"] }

    private var hasProgressed: Bool {
        func before(_ key: String) -> Int { old?[key]?.int ?? 0 }
        return updated > before("updatedReplicas")
            || replicas - updated < before("replicas") - before("updatedReplicas")
            || ready > before("readyReplicas") || available > before("availableReplicas")
    }

    /// The whole status, and after how many seconds it has to be looked at again for its deadline.
    func status(_ planned: Conditions, now: KubernetesTime) -> (status: JSONValue, again: Int?) {
        var conditions = planned
        let isAvailable = available >= deployment.replicas - deployment.maxUnavailable
        let already = conditions["Available"]
        if already?["status"]?.string != (isAvailable ? "True" : "False") {
            conditions.set(
                "Available", isAvailable ? "True" : "False",
                reason: isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                message: "Deployment \(isAvailable ? "has" : "does not have") minimum availability.", now: now,
                more: ["lastUpdateTime": .string(now.description)])
        }
        let again = progress(&conditions, now: now)
        var status: [String: JSONValue] = [
            "observedGeneration": JSONValue(deployment.meta.generation), "conditions": .array(conditions.items),
        ]
        let counts = [
            "replicas": replicas, "updatedReplicas": updated, "readyReplicas": ready, "availableReplicas": available,
            "unavailableReplicas": unavailable, "collisionCount": deployment.collisionCount,
        ]
        // As the API leaves zeros out of a Deployment's status.
        for (key, count) in counts where count != 0 { status[key] = JSONValue(count) }
        return (.object(status), again)
    }

    private func progress(_ conditions: inout Conditions, now: KubernetesTime) -> Int? {
        guard let deadline = deployment.progressDeadlineSeconds else {
            conditions.remove("Progressing")
            return nil
        }
        let current = conditions["Progressing"]
        let reason = current?["reason"]?.string
        if replicas == updated, reason == "NewReplicaSetAvailable" { return nil }
        let subject = newName.map { "ReplicaSet \"\($0)\"" } ?? "Deployment \"\(deployment.meta.name)\""
        func set(_ status: String, _ reason: String, _ message: String) {
            conditions.set(
                "Progressing", status, reason: reason, message: message, now: now,
                more: ["lastUpdateTime": .string(now.description)])
        }
        if isComplete {
            set("True", "NewReplicaSetAvailable", "\(subject) has successfully progressed.")
            return nil
        }
        if hasProgressed {
            set("True", "ReplicaSetUpdated", "\(subject) is progressing.")
            return deadline + 1
        }
        guard !deployment.isPaused, reason != "ProgressDeadlineExceeded",
            let since = current?["lastUpdateTime"]?.string.flatMap(KubernetesTime.init)
        else { return nil }
        let left = since + deadline - now
        if left < 0 {
            set("False", "ProgressDeadlineExceeded", "\(subject) has timed out progressing.")
            return nil
        }
        return left + 1
    }
}
