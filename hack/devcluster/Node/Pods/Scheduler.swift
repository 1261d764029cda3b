import K8sClient
import Logging

/// Binds pods to the one node, when their node selector allows it.
struct Scheduler: Sendable {
    static let manager = "kube-scheduler"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "scheduler", cluster: cluster, sources: [.primary(.pods)], logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let pod = try cluster.find(.pods, key), pod["spec", "nodeName"]?.string?.isEmpty ?? true,
            !pod.meta.isDeleting, (pod["spec", "schedulerName"]?.string ?? "default-scheduler") == "default-scheduler"
        else { return nil }
        if let gate = pod.items("spec", "schedulingGates").first {
            try mark(
                pod, "False", reason: "SchedulingGated",
                message: "Scheduling is blocked due to non-empty scheduling gates: \(gate.nameOrEmpty)")
            return nil
        }
        let selector = pod["spec", "nodeSelector"]?.strings ?? [:]
        guard selector.allSatisfy({ NodeObject.labels[$0.key] == $0.value }) else {
            let message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
            try mark(pod, "False", reason: "Unschedulable", message: message)
            events.record(
                .warning, "FailedScheduling", message, about: pod, apiVersion: "v1", kindName: "Pod")
            return nil
        }
        try cluster.update(
            .pods, namespace: key.namespace, name: key.name, subresource: nil, manager: Self.manager
        ) { $0["spec", "nodeName"] = .string(NodeObject.name) }
        try mark(pod, "True", reason: nil, message: nil)
        events.record(
            .normal, "Scheduled", "Successfully assigned \(key) to \(NodeObject.name)", about: pod, apiVersion: "v1",
            kindName: "Pod")
        return nil
    }

    private func mark(_ pod: JSONValue, _ status: String, reason: String?, message: String?) throws(StatusError) {
        let key = pod.meta.key
        try cluster.update(
            .pods, namespace: key.namespace, name: key.name, subresource: "status", manager: Self.manager
        ) { current in
            var conditions = Conditions(current)
            conditions.set(
                "PodScheduled", status, reason: reason, message: message, now: .now, more: ["lastProbeTime": .null])
            current["status", "conditions"] = .array(conditions.items)
        }
    }
}
