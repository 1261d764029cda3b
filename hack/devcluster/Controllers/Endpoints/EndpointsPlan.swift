import K8sClient

/// The addresses behind a Service, as its `Endpoints` and its `EndpointSlice` hold them; pure.
struct EndpointsPlan {
    let endpoints: JSONValue
    let slice: JSONValue

    /// - Parameter pods: the pods of the Service's namespace that its selector chooses.
    init(service: JSONValue, pods: [JSONValue]) {
        let meta = service.meta
        let publishesNotReady = service["spec", "publishNotReadyAddresses"]?.bool ?? false
        let ports = service.items("spec", "ports")
        let candidates = pods.filter {
            $0["status", "podIP"]?.string != nil && !["Succeeded", "Failed"].contains($0["status", "phase"]?.string)
        }.sorted { $0.meta.name < $1.meta.name }

        // A named target port may be another number in each pod: pods are grouped by what the ports resolve to.
        var subsets: [[JSONValue]: (ready: [JSONValue], notReady: [JSONValue])] = [:]
        var slicePorts: [JSONValue] = []
        var entries: [JSONValue] = []
        for pod in candidates {
            let resolved = ports.compactMap { Self.resolve($0, in: pod) }
            guard resolved.count == ports.count || ports.isEmpty else { continue }
            if slicePorts.isEmpty { slicePorts = resolved }
            let isTerminating = pod.meta.isDeleting
            let isServing = pod.isTrue("Ready")
            let isReady = publishesNotReady || isServing && !isTerminating
            let target: JSONValue = [
                "kind": "Pod", "name": .string(pod.meta.name), "namespace": .string(pod.meta.namespace),
                "uid": .string(pod.meta.uid),
            ]
            var address: JSONValue = [
                "ip": pod["status", "podIP"] ?? "", "nodeName": pod["spec", "nodeName"] ?? "", "targetRef": target,
            ]
            // A pod with this Service for its subdomain is known by its host name below the Service's.
            let hostname = pod["spec", "subdomain"]?.string == meta.name ? pod["spec", "hostname"] : nil
            if let hostname { address["hostname"] = hostname }
            if isReady {
                subsets[resolved, default: ([], [])].ready.append(address)
            } else if !isTerminating {
                subsets[resolved, default: ([], [])].notReady.append(address)
            }
            if resolved == slicePorts {
                var entry: JSONValue = [
                    "addresses": [pod["status", "podIP"] ?? ""],
                    "conditions": [
                        "ready": .bool(isReady), "serving": .bool(isServing), "terminating": .bool(isTerminating),
                    ],
                    "nodeName": pod["spec", "nodeName"] ?? "", "targetRef": target,
                ]
                if let hostname { entry["hostname"] = hostname }
                entries.append(entry)
            }
        }
        let owner = service.controllerReference(apiVersion: "v1", kind: "Service")
        var labels = meta.labels
        let isHeadless = service["spec", "clusterIP"]?.string == "None"
        if isHeadless { labels["service.kubernetes.io/headless"] = "" }
        endpoints = [
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": [
                "name": .string(meta.name), "namespace": .string(meta.namespace),
                "labels": JSONValue(
                    labels.merging(["endpoints.kubernetes.io/managed-by": "endpoint-controller"]) { $1 }),
            ],
            "subsets": .array(
                subsets.sorted { "\($0.key)" < "\($1.key)" }.map { ports, addresses in
                    var subset: [String: JSONValue] = ["ports": .array(ports)]
                    if !addresses.ready.isEmpty { subset["addresses"] = .array(addresses.ready) }
                    if !addresses.notReady.isEmpty { subset["notReadyAddresses"] = .array(addresses.notReady) }
                    return .object(subset)
                }),
        ]
        labels["kubernetes.io/service-name"] = meta.name
        labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
        slice = [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "name": .string("\(meta.name)-\(Self.sliceSuffix(meta.uid))"), "namespace": .string(meta.namespace),
                "labels": JSONValue(labels), "ownerReferences": [owner],
            ],
            "addressType": "IPv4", "endpoints": .array(entries), "ports": .array(slicePorts),
        ]
    }

    /// One slice a Service: its name is made from the Service's uid, so that it is found again after a restart.
    private static func sliceSuffix(_ uid: String) -> String {
        String(GeneratedName.hash(of: .string(uid), collisions: 0).prefix(5))
    }

    /// A Service's port as it is in one pod; nil when the pod has no port of the name that it targets.
    private static func resolve(_ port: JSONValue, in pod: JSONValue) -> JSONValue? {
        let number: Int
        switch port["targetPort"] {
        case .string(let name)?:
            let named = pod.items("spec", "containers").flatMap { $0.items("ports") }
                .first { $0["name"]?.string == name }
            guard let value = named?["containerPort"]?.int ?? Int(name) else { return nil }
            number = value
        case let value?:
            guard let value = value.int else { return nil }
            number = value
        case nil:
            guard let value = port["port"]?.int else { return nil }
            number = value
        }
        var resolved: [String: JSONValue] = ["port": JSONValue(number), "protocol": port["protocol"] ?? "TCP"]
        resolved["name"] = port["name"] ?? ""
        if let appProtocol = port["appProtocol"] { resolved["appProtocol"] = appProtocol }
        return .object(resolved)
    }
}
