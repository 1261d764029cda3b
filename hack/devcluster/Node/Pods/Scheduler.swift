import K8sClient
import Logging

/// Binds pods to the one node, when it takes pods, their node selector allows it and their claims have volumes.
struct Scheduler: Sendable {
    static let manager = "kube-scheduler"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "scheduler", cluster: cluster,
            sources: [
                .primary(.pods),
                .init(resource: .nodes) { [cluster] _ in
                    let pods = (try? cluster.list(.pods, namespace: nil, labels: [:])) ?? []
                    return pods.filter { $0["spec", "nodeName"]?.string?.isEmpty ?? true }.map(\.meta.key)
                },
                .init(resource: .persistentVolumeClaims) { [cluster] claim in
                    let pods = (try? cluster.list(.pods, namespace: claim.meta.namespace, labels: [:])) ?? []
                    return pods.filter {
                        $0["spec", "nodeName"]?.string?.isEmpty ?? true
                            && VolumeBinding.claims(of: $0).contains(claim.meta.name)
                    }.map(\.meta.key)
                },
            ], logger: logger, reconcile: reconcile)
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
            try refuse(pod, "1 node(s) didn't match Pod's node affinity/selector.")
            return nil
        }
        if let node = try cluster.find(.nodes, ObjectKey(namespace: "", name: NodeObject.name)),
            let why = Self.refusal(by: node, of: pod)
        {
            try refuse(pod, "\(why). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")
            return nil
        }
        switch try claims(of: pod) {
        case .ready: break
        case .binding: return nil
        case .refused(let why):
            try refuse(
                pod, "\(why). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")
            // A claim says when it changes; the end of another pod that holds it does not.
            return .seconds(3)
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

    /// Why the node takes no new pod, or not this one; nil when it does.
    static func refusal(by node: JSONValue, of pod: JSONValue) -> String? {
        let tolerations = pod.items("spec", "tolerations")
        func isTolerated(_ taint: JSONValue) -> Bool {
            tolerations.contains { toleration in
                let effect = toleration["effect"]?.string ?? ""
                guard effect.isEmpty || effect == taint["effect"]?.string else { return false }
                let key = toleration["key"]?.string ?? ""
                if toleration["operator"] == "Exists" { return key.isEmpty || key == taint["key"]?.string }
                return key == taint["key"]?.string
                    && (toleration["value"]?.string ?? "") == (taint["value"]?.string ?? "")
            }
        }
        if node["spec", "unschedulable"]?.bool == true,
            !isTolerated(["key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"])
        {
            return "1 node(s) were unschedulable"
        }
        for taint in node.items("spec", "taints")
        where ["NoSchedule", "NoExecute"].contains(taint["effect"]?.string) && !isTolerated(taint) {
            return "1 node(s) had untolerated taint {\(taint["key"]?.string ?? ""): \(taint["value"]?.string ?? "")}"
        }
        return nil
    }

    private func refuse(_ pod: JSONValue, _ why: String) throws(StatusError) {
        let message = "0/1 nodes are available: \(why)"
        try mark(pod, "False", reason: "Unschedulable", message: message)
        events.record(.warning, "FailedScheduling", message, about: pod, apiVersion: "v1", kindName: "Pod")
    }

    /// How far the claims of a pod's volumes are.
    private enum Claims {
        case ready
        /// They wait for this pod, and were told which node it goes to.
        case binding
        case refused(String)
    }

    private func claims(of pod: JSONValue) throws(StatusError) -> Claims {
        var unbound: [JSONValue] = []
        for name in VolumeBinding.claims(of: pod) {
            let key = ObjectKey(namespace: pod.meta.namespace, name: name)
            guard let claim = try cluster.find(.persistentVolumeClaims, key) else {
                return .refused("persistentvolumeclaim \(quoted(name)) not found")
            }
            if claim.meta.isDeleting {
                return .refused("persistentvolumeclaim \(quoted(name)) is being deleted")
            }
            if claim["status", "phase"] == "Lost" {
                return .refused(
                    "persistentvolumeclaim \(quoted(name)) bound to non-existent persistentvolume "
                        + quoted(claim["spec", "volumeName"]?.string ?? ""))
            }
            if claim["status", "phase"] != "Bound" {
                unbound.append(claim)
            } else if claim["spec", "accessModes"] == ["ReadWriteOncePod"], try isUsed(claim, besides: pod) {
                return .refused(
                    "1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use "
                        + "by another pod")
            }
        }
        for claim in unbound {
            let name = claim["spec", "storageClassName"]?.string ?? ""
            let storageClass = try cluster.find(.storageClasses, ObjectKey(namespace: "", name: name))
            guard storageClass?["volumeBindingMode"] == "WaitForFirstConsumer" else {
                return .refused("pod has unbound immediate PersistentVolumeClaims")
            }
            try cluster.update(
                .persistentVolumeClaims, namespace: claim.meta.namespace, name: claim.meta.name, subresource: nil,
                manager: Self.manager
            ) { $0["metadata", "annotations", VolumeBinding.selectedNode] = .string(NodeObject.name) }
        }
        return unbound.isEmpty ? .ready : .binding
    }

    private func isUsed(_ claim: JSONValue, besides pod: JSONValue) throws(StatusError) -> Bool {
        try cluster.list(.pods, namespace: claim.meta.namespace, labels: [:]).contains { other in
            other.meta.uid != pod.meta.uid && other["spec", "nodeName"]?.string?.isEmpty == false
                && !["Succeeded", "Failed"].contains(other["status", "phase"]?.string)
                && VolumeBinding.claims(of: other).contains(claim.meta.name)
        }
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
