import K8sClient
import Logging

/// What a cluster makes of the state that an earlier run left: it is a control plane that was down for a while, on a
/// machine that was started anew.
extension EmbeddedCluster {
    static let serverManager = "kube-apiserver"

    /// Puts back what the database holds and sees to what cannot be as it was.
    func restore(from database: StateDatabase) throws {
        registry.store.restore(try database.objects())
        for stored in registry.store.list(Registry.definitions, Selection()).objects {
            let object = try stored.decoded()
            let definition = CustomResourceDefinition(object, revision: object.meta.generation)
            registry.kinds.replace(definition.resource, with: definition.kinds)
        }
        try adoptServices()
        for pod in try registry.list(.pods, namespace: nil, labels: [:]) { try endPod(pod) }
    }

    /// Holds the addresses of Services, and moves those that lie in a range that another cluster has taken meanwhile.
    private func adoptServices() throws(StatusError) {
        for stored in registry.store.list(.services, Selection()).objects {
            var service = try stored.decoded()
            guard registry.serviceAddresses.adopt(&service) else { continue }
            guard let kind = registry.kinds.stored(.services) else { continue }
            logger.notice(
                "a Service has another cluster address than before: its range is used by another cluster",
                metadata: ["service": "\(stored.key)", "address": "\(service["spec", "clusterIP"]?.string ?? "")"])
            let fields = kind.fieldValues(service)
            let revision = stored.schemaRevision
            _ = try registry.store.replace(.services, stored) { [service] version in
                StoredObject(service, resourceVersion: version, fields: fields, schemaRevision: revision)
            }
        }
    }

    /// A pod's processes are gone with the node that ran them. What a controller made it makes anew; a pod of nobody's
    /// stays, as one that failed.
    private func endPod(_ pod: JSONValue) throws(StatusError) {
        let meta = pod.meta
        guard pod["spec", "nodeName"]?.string?.isEmpty == false else { return }
        let isOver = ["Succeeded", "Failed"].contains(pod["status", "phase"]?.string ?? "")
        if !isOver {
            try registry.update(
                .pods, namespace: meta.namespace, name: meta.name, subresource: "status", manager: Self.serverManager
            ) { pod in
                pod["status", "phase"] = "Failed"
                pod["status", "reason"] = "NodeRestart"
                pod["status", "message"] = "The node was started anew; the pod's processes ended with it."
                let statuses = pod.items("status", "containerStatuses")
                pod["status", "containerStatuses"] = .nonEmpty(statuses.map(Self.ended))
                let conditions = pod.items("status", "conditions").map { condition in
                    var condition = condition
                    if ["Ready", "ContainersReady"].contains(condition["type"]?.string) {
                        condition["status"] = "False"
                    }
                    return condition
                }
                pod["status", "conditions"] = .nonEmpty(conditions)
            }
        }
        // A Job counts its pods: it has to see the failed one. Others replace theirs without looking at them again.
        let isReplaced = meta.controller.map { $0.kind != "Job" } ?? false
        guard meta.isDeleting || (isReplaced && !isOver) else { return }
        try registry.delete(
            .pods, namespace: meta.namespace, name: meta.name, Deletion(gracePeriodSeconds: 0, uid: meta.uid))
    }

    private static func ended(_ status: JSONValue) -> JSONValue {
        guard let running = status["state", "running"] else { return status }
        var status = status
        var terminated: JSONValue = ["exitCode": 137, "reason": "NodeRestart", "finishedAt": .string(Timestamp.now())]
        terminated["startedAt"] = running["startedAt"]
        if let id = status["containerID"] { terminated["containerID"] = id }
        status["state"] = ["terminated": terminated]
        status["ready"] = false
        status["started"] = false
        return status
    }

    /// Creates what the server itself keeps, or brings it up to date.
    func provide(_ resource: GroupResource, _ object: JSONValue) throws(StatusError) {
        let meta = object.meta
        let namespace = meta.namespace.isEmpty ? nil : meta.namespace
        guard try registry.find(resource, meta.key) != nil else {
            _ = try registry.create(resource, object, manager: Self.manager)
            return
        }
        try registry.update(resource, namespace: namespace, name: meta.name, subresource: nil, manager: Self.manager) {
            for (member, value) in object.object ?? [:] where !["apiVersion", "kind", "metadata"].contains(member) {
                // A Service's spec has members that the server filled in.
                $0[member] = MergePatch.apply(value, to: $0[member] ?? [:])
            }
        }
    }
}
