import K8sClient
import Logging

/// HorizontalPodAutoscalers, as far as they work without metrics.
struct AutoscalerController: Sendable {
    static let manager = "kube-controller-manager"
    /// As often as a real one looks.
    private static let period = Duration.seconds(15)

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "horizontalpodautoscaler", cluster: cluster,
            sources: [.primary(.horizontalPodAutoscalers)]
                + [("Deployment", GroupResource.deployments), ("StatefulSet", .statefulSets)].map { kind, resource in
                    .init(resource: resource) { [cluster] target in
                        let all = try? cluster.list(
                            .horizontalPodAutoscalers, namespace: target.meta.namespace, labels: [:])
                        return (all ?? []).filter {
                            $0["spec", "scaleTargetRef", "kind"]?.string == kind
                                && $0["spec", "scaleTargetRef", "name"]?.string == target.meta.name
                        }.map(\.meta.key)
                    }
                }, logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let autoscaler = try cluster.find(.horizontalPodAutoscalers, key), !autoscaler.meta.isDeleting else {
            return nil
        }
        let reference = autoscaler["spec", "scaleTargetRef"] ?? [:]
        let apiVersion = reference["apiVersion"]?.string ?? ""
        let kind = reference["kind"]?.string ?? ""
        let name = reference["name"]?.string ?? ""
        let target: AutoscalerPlan.Target
        do {
            target = .scale(
                try cluster.scale(apiVersion: apiVersion, kind: kind, namespace: key.namespace, name: name))
        } catch {
            target = .failure(error.message)
        }
        let plan = AutoscalerPlan(autoscaler, target: target, now: .now)
        if let replicas = plan.rescale {
            try cluster.setScale(
                apiVersion: apiVersion, kind: kind, namespace: key.namespace, name: name, replicas: replicas,
                manager: Self.manager)
        }
        for note in plan.notes {
            events.record(
                note.isWarning ? .warning : .normal, note.reason, note.message, about: autoscaler,
                apiVersion: "autoscaling/v2", kindName: "HorizontalPodAutoscaler")
        }
        let status = plan.status
        try cluster.update(
            .horizontalPodAutoscalers, namespace: key.namespace, name: key.name, subresource: "status",
            manager: Self.manager
        ) { $0["status"] = status }
        return Self.period
    }
}
