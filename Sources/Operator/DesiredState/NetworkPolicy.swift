import K8sClient

extension ManifestContext {
    /// Denies the pods that run the backend's image, jobs included, every connection but the openings below. Kubelets' probes and
    /// pods of the database and the cache are not covered by it.
    func networkPolicy() -> Manifest? {
        guard let settings = spec.networkPolicy, settings.enabled else { return nil }
        let selector: JSONValue = [
            "matchLabels": [StandardLabels.instance: .string(backend.name)],
            "matchExpressions": [
                ["key": "app.kubernetes.io/component", "operator": "NotIn", "values": ["database", "cache"]]
            ],
        ]
        return Manifest(
            .networkPolicies,
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": metadata(backend.objectNames.networkPolicy),
                "spec": [
                    "podSelector": selector,
                    "policyTypes": ["Ingress", "Egress"],
                    "ingress": [ingressOpening(settings)],
                    "egress": .array(egressOpenings(settings)),
                ],
            ])
    }

    /// The backend's port, for the ingress controller, the Gateway and Prometheus.
    private func ingressOpening(_ settings: NetworkPolicySettings) -> JSONValue {
        var rule: JSONValue = ["ports": [NetworkOpening.tcp(Int(BackendPort.container))]]
        if let peers = settings.ingressFrom {
            rule["from"] = .array(peers)
        } else if spec.service.type == "ClusterIP" {
            rule["from"] = [["namespaceSelector": [:]]]
        }  // Else clients come from outside of the cluster, from any address.
        return rule
    }

    private func egressOpenings(_ settings: NetworkPolicySettings) -> [JSONValue] {
        // To any address: the DNS server is a pod in one cluster and an address of the node in another.
        var rules: [JSONValue] = [
            ["ports": [["protocol": "UDP", "port": 53], NetworkOpening.tcp(53)]]
        ]
        rules.append(database.egressRule(component: "database", app: serverLabel(backend.objectNames.postgres)))
        rules.append(cache.egressRule(component: "cache", app: serverLabel(backend.objectNames.redis)))
        let upstreamPorts = UpstreamPorts.ports(of: spec.openai.baseURL)
        if !upstreamPorts.isEmpty { rules.append(["ports": .array(upstreamPorts.map(NetworkOpening.tcp))]) }
        if let smtp = spec.smtp { rules.append(["ports": [NetworkOpening.tcp(smtp.port)]]) }
        return rules + (settings.extraEgress ?? [])
    }

    /// Where the database is: of one that is not the operator's, the address is in a Secret, so that only the port is known.
    private var database: NetworkOpening {
        spec.database?.managed == nil ? .anywhere(port: 5432) : .ownPods(port: Int(PostgresServer.port))
    }
    /// Where the cache is, likewise.
    private var cache: NetworkOpening {
        spec.cache?.managed == nil ? .anywhere(port: 6379) : .ownPods(port: Int(RedisServer.port))
    }
}

/// Where pods may connect to.
enum NetworkOpening: Sendable, Hashable {
    /// Pods in the backend's namespace that the operator made.
    case ownPods(port: Int)
    /// Any address: a host outside, which a NetworkPolicy cannot name.
    case anywhere(port: Int)

    /// - Parameters:
    ///   - component: of the pods, when they are the operator's.
    ///   - app: likewise.
    func egressRule(component: String, app: String) -> JSONValue {
        switch self {
        case .ownPods(let port):
            [
                "to": [
                    [
                        "podSelector": [
                            "matchLabels": ["app": .string(app), "app.kubernetes.io/component": .string(component)]
                        ]
                    ]
                ],
                "ports": [Self.tcp(port)],
            ]
        case .anywhere(let port): ["ports": [Self.tcp(port)]]
        }
    }

    static func tcp(_ port: Int) -> JSONValue { ["protocol": "TCP", "port": JSONValue(port)] }
}
