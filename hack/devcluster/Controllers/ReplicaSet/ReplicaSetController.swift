import K8sClient
import Logging

/// ReplicaSet → Pods.
struct ReplicaSetController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "replicaset", cluster: cluster,
            sources: [.primary(.replicaSets), .owned(.pods, by: "ReplicaSet")], logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let set = try cluster.find(.replicaSets, key) else { return nil }
        let pods = try Adoption(cluster: cluster, apiVersion: "apps/v1", kind: "ReplicaSet")
            .objects(.pods, of: set) { !["Succeeded", "Failed"].contains($0["status", "phase"]?.string) }
        let plan = ReplicaSetPlan(set, pods: pods, now: .now)
        var status = plan.status
        var failure: StatusError?
        do {
            try act(plan, set, key)
        } catch {
            failure = error
        }
        var conditions = Conditions(set)
        if let failure {
            conditions.set("ReplicaFailure", "True", reason: "FailedCreate", message: failure.message, now: .now)
        } else {
            conditions.remove("ReplicaFailure")
        }
        status["conditions"] = .nonEmpty(conditions.items)
        try cluster.update(
            .replicaSets, namespace: key.namespace, name: key.name, subresource: "status", manager: Self.manager
        ) { $0["status"] = status }
        if let failure { throw failure }
        return plan.again.map { .seconds($0) }
    }

    private func act(_ plan: ReplicaSetPlan, _ set: JSONValue, _ key: ObjectKey) throws(StatusError) {
        let owner = set.controllerReference(apiVersion: "apps/v1", kind: "ReplicaSet")
        for _ in 0..<plan.creations {
            let pod = set.podFromTemplate(prefix: key.name + "-", owner: owner)
            do {
                _ = try cluster.create(.pods, pod, manager: Self.manager)
                note(.normal, "SuccessfulCreate", "Created pod: \(pod.meta.name)", set)
            } catch {
                let refusal = error.withoutSuffix(of: pod)
                note(.warning, "FailedCreate", "Error creating: \(refusal.message)", set)
                throw refusal
            }
        }
        for name in plan.deletions {
            if try cluster.remove(.pods, ObjectKey(namespace: key.namespace, name: name)) {
                note(.normal, "SuccessfulDelete", "Deleted pod: \(name)", set)
            }
        }
    }

    private func note(_ kind: EventRecorder.Kind, _ reason: String, _ message: String, _ set: JSONValue) {
        events.record(kind, reason, message, about: set, apiVersion: "apps/v1", kindName: "ReplicaSet")
    }
}

extension StatusError {
    /// The refusal of a generated pod with the same words at each try: what differed would be news each time.
    func withoutSuffix(of pod: JSONValue) -> StatusError {
        var error = self
        error.message = message.replacing(pod.meta.name, with: pod.meta.generateName)
        return error
    }
}
