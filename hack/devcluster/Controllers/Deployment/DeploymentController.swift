import K8sClient
import Logging

/// Deployment → ReplicaSets: what kube-controller-manager's deployment controller does.
struct DeploymentController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "deployment", cluster: cluster,
            sources: [
                .primary(.deployments), .owned(.replicaSets, by: "Deployment"),
                // Recreate waits for the old pods to be gone, which changes no ReplicaSet.
                .init(resource: .pods) { pod in
                    guard pod.meta.isDeleting, let owner = pod.meta.controller, owner.kind == "ReplicaSet",
                        let hash = pod.meta.labels[ReplicaSetView.hashLabel], owner.name.hasSuffix("-" + hash)
                    else { return [] }
                    return [
                        ObjectKey(namespace: pod.meta.namespace, name: String(owner.name.dropLast(hash.count + 1)))
                    ]
                },
            ], logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let deployment = try cluster.find(.deployments, key) else { return nil }
        let sets = try Adoption(cluster: cluster, apiVersion: "apps/v1", kind: "Deployment")
            .objects(.replicaSets, of: deployment)
        let isRecreate = DeploymentSpec(deployment).strategy == .recreate
        let pods = isRecreate ? try cluster.list(.pods, namespace: key.namespace, labels: [:]) : []
        let plan = DeploymentPlan(
            deployment, replicaSets: sets,
            oldPods: { set in
                pods.count { pod in
                    pod.meta.controller?.uid == set.meta.uid
                        && !["Succeeded", "Failed"].contains(pod["status", "phase"]?.string)
                }
            }, now: .now)
        for action in plan.actions { try perform(action, plan, key) }
        return try report(plan, key)
    }

    private func perform(_ action: DeploymentPlan.Action, _ plan: DeploymentPlan, _ key: ObjectKey) throws {
        let spec = plan.deployment
        switch action {
        case .createReplicaSet(let set):
            try create(set, key)
            let replicas = set["spec", "replicas"]?.int ?? 0
            if replicas > 0 { scaled(spec, set.meta.name, from: 0, to: replicas) }
        case .scale(let name, let from, let to):
            try cluster.update(
                .replicaSets, namespace: key.namespace, name: name, subresource: nil, manager: Self.manager
            ) {
                $0["spec", "replicas"] = JSONValue(to)
                $0["metadata", "annotations", ReplicaSetView.desiredAnnotation] = .string(String(spec.replicas))
                $0["metadata", "annotations", ReplicaSetView.maximumAnnotation] = .string(
                    String(spec.replicas + spec.maxSurge))
            }
            if from != to { scaled(spec, name, from: from, to: to) }
        case .setRevision(let name, let revision):
            try cluster.update(
                .replicaSets, namespace: key.namespace, name: name, subresource: nil, manager: Self.manager
            ) {
                $0["metadata", "annotations", ReplicaSetView.revisionAnnotation] = .string(String(revision))
            }
        case .delete(let name):
            try cluster.delete(
                .replicaSets, namespace: key.namespace, name: name, Deletion(propagation: .background))
        }
    }

    private func create(_ set: JSONValue, _ key: ObjectKey) throws(StatusError) {
        do {
            _ = try cluster.create(.replicaSets, set, manager: Self.manager)
        } catch {
            if error.reason == "AlreadyExists" {
                // Another ReplicaSet has the name that the hash makes: the next try hashes in the count of collisions.
                try cluster.update(
                    .deployments, namespace: key.namespace, name: key.name, subresource: "status",
                    manager: Self.manager
                ) {
                    $0["status", "collisionCount"] = JSONValue(($0["status", "collisionCount"]?.int ?? 0) + 1)
                }
            }
            throw error
        }
    }

    private func scaled(_ spec: DeploymentSpec, _ name: String, from: Int, to: Int) {
        events.record(
            .normal, "ScalingReplicaSet",
            "Scaled \(from < to ? "up" : "down") replica set \(name) from \(from) to \(to)",
            about: spec.object, apiVersion: "apps/v1", kindName: "Deployment")
    }

    private func report(_ plan: DeploymentPlan, _ key: ObjectKey) throws -> Duration? {
        if let revision = plan.revision.map(String.init),
            plan.deployment.meta.annotations[ReplicaSetView.revisionAnnotation] != revision
        {
            try cluster.update(
                .deployments, namespace: key.namespace, name: key.name, subresource: nil, manager: Self.manager
            ) { $0["metadata", "annotations", ReplicaSetView.revisionAnnotation] = .string(revision) }
        }
        let counts = DeploymentStatus(plan.deployment, all: plan.old + (plan.new.map { [$0] } ?? []), new: plan.new)
        let (status, again) = counts.status(plan.conditions, now: plan.now)
        try cluster.update(
            .deployments, namespace: key.namespace, name: key.name, subresource: "status", manager: Self.manager
        ) { $0["status"] = status }
        return again.map { .seconds($0) }
    }
}
