import K8sClient
import Logging

/// Services with selectors → `Endpoints` and `EndpointSlice`.
struct EndpointsController: Sendable {
    let cluster: any Cluster
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "endpoints", cluster: cluster,
            sources: [
                .primary(.services),
                .init(resource: .pods) { [cluster] pod in
                    // A pod is behind few Services: the selectors are compared here, so that only those are looked at.
                    let services = (try? cluster.list(.services, namespace: pod.meta.namespace, labels: [:])) ?? []
                    let labels = pod.meta.labels
                    return services.filter { service in
                        let selector = service["spec", "selector"]?.strings ?? [:]
                        return !selector.isEmpty && selector.allSatisfy { labels[$0.key] == $0.value }
                    }.map(\.meta.key)
                },
            ], logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let service = try cluster.find(.services, key) else {
            // The slice goes with its owner; Endpoints have none, as in Kubernetes.
            try deleteEndpoints(key)
            return nil
        }
        let selector = service["spec", "selector"]?.strings ?? [:]
        guard !selector.isEmpty, service["spec", "type"]?.string != "ExternalName", !service.meta.isDeleting else {
            return nil
        }
        let pods = try cluster.list(.pods, namespace: key.namespace, labels: selector)
        let plan = EndpointsPlan(service: service, pods: pods)
        try write(.endpoints, plan.endpoints, members: ["subsets"], manager: "kube-controller-manager")
        try write(.endpointSlices, plan.slice, members: ["endpoints", "ports"], manager: "kube-controller-manager")
        return nil
    }

    private func deleteEndpoints(_ key: ObjectKey) throws(StatusError) {
        guard let endpoints = try cluster.find(.endpoints, key),
            endpoints.meta.labels["endpoints.kubernetes.io/managed-by"] == "endpoint-controller"
        else { return }
        try cluster.remove(.endpoints, key)
    }

    private func write(_ resource: GroupResource, _ object: JSONValue, members: [String], manager: String) throws {
        let key = object.meta.key
        guard try cluster.find(resource, key) != nil else {
            _ = try cluster.create(resource, object, manager: manager)
            return
        }
        try cluster.update(
            resource, namespace: key.namespace, name: key.name, subresource: nil, manager: manager
        ) { current in
            for member in members {
                // An empty list may have been dropped when it was stored; that is not a change.
                if object[member] == [] && current[member] == nil { continue }
                current[member] = object[member]
            }
            for (label, value) in object.meta.labels { current["metadata", "labels", label] = .string(value) }
        }
    }
}
