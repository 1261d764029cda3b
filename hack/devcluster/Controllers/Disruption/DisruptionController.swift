import K8sClient
import Logging

/// Keeps the status of PodDisruptionBudgets: how many of the pods that they select may be evicted.
struct DisruptionController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "disruption", cluster: cluster,
            sources: [
                .primary(.podDisruptionBudgets),
                .init(resource: .pods) { [cluster] pod in
                    Self.budgets(in: pod.meta.namespace, cluster) { budget in
                        LabelSelector(budget["spec", "selector"])?.matches(pod.meta.labels) ?? false
                    }
                },
            ]
                // How many pods a budget expects depends on how many their controllers ask for.
                + [GroupResource.deployments, .replicaSets, .statefulSets].map { resource in
                    .init(resource: resource) { [cluster] in
                        Self.budgets(in: $0.meta.namespace, cluster) { _ in true }
                    }
                }, logger: logger, reconcile: reconcile)
    }

    private static func budgets(
        in namespace: String, _ cluster: any Cluster, where isConcerned: (JSONValue) -> Bool
    ) -> [ObjectKey] {
        let budgets = (try? cluster.list(.podDisruptionBudgets, namespace: namespace, labels: [:])) ?? []
        return budgets.filter(isConcerned).map(\.meta.key)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let budget = try cluster.find(.podDisruptionBudgets, key), !budget.meta.isDeleting else { return nil }
        let selector = LabelSelector(budget["spec", "selector"])
        let pods = try cluster.list(.pods, namespace: key.namespace, labels: [:])
            .filter { selector?.matches($0.meta.labels) ?? false }
        let (scale, unmanaged) = try scale(of: pods, in: key.namespace)
        if !unmanaged.isEmpty {
            events.record(
                .warning, "UnmanagedPods",
                "Pods selected by this PodDisruptionBudget (selector: \(selector?.text ?? "")) were found to be unmanaged. "
                    + "As a result, the status of the PDB cannot be calculated correctly, which may result in undefined "
                    + "behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an "
                    + "integer value.", about: budget, apiVersion: "policy/v1", kindName: "PodDisruptionBudget")
        }
        let plan = DisruptionPlan(budget, pods: pods, scale: scale, now: .now)
        let status = plan.status(now: .now)
        try cluster.update(
            .podDisruptionBudgets, namespace: key.namespace, name: key.name, subresource: "status",
            manager: Self.manager
        ) { current in
            // An eviction that was granted meanwhile is counted the next time.
            guard current["status", "disruptedPods"] == budget["status", "disruptedPods"] else { return }
            current["status"] = status
        }
        return plan.again.map { .seconds($0) }
    }

    /// How many pods the controllers of these ask for, and which have none that could be asked.
    private func scale(of pods: [JSONValue], in namespace: String) throws(StatusError) -> (Int, unmanaged: [String]) {
        var counted: Set<String> = []
        var total = 0
        var unmanaged: [String] = []
        for pod in pods {
            guard var owner = pod.meta.controllerReference else {
                unmanaged.append(pod.meta.name)
                continue
            }
            // A ReplicaSet is asked for what its Deployment wants: in a rollout there are two of them.
            let key = ObjectKey(namespace: namespace, name: owner["name"]?.string ?? "")
            if owner["kind"] == "ReplicaSet", let set = try cluster.find(.replicaSets, key),
                let above = set.meta.controllerReference
            {
                owner = above
            }
            guard counted.insert(owner["uid"]?.string ?? "").inserted else { continue }
            do {
                let scale = try cluster.scale(
                    apiVersion: owner["apiVersion"]?.string ?? "", kind: owner["kind"]?.string ?? "",
                    namespace: namespace, name: owner["name"]?.string ?? "")
                total += scale["spec", "replicas"]?.int ?? 0
            } catch {
                guard error.code == 404 else { throw error }
                unmanaged.append(pod.meta.name)
            }
        }
        return (total, unmanaged)
    }
}

extension ObjectMeta {
    /// The reference to the owner that controls the object.
    var controllerReference: JSONValue? { ownerReferences.first { $0["controller"]?.bool == true } }
}
