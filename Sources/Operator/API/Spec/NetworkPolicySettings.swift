import K8sClient

/// Denies the backend's pods every connection but those that they need.
struct NetworkPolicySettings: Codable, Sendable, Hashable {
    var enabled = true
    /// Who may connect to the pods (NetworkPolicyPeers of `networking.k8s.io/v1`): the namespaces of the ingress controller and
    /// of Prometheus. nil means every pod of the cluster.
    var ingressFrom: [JSONValue]?
    /// Further egress rules (NetworkPolicyEgressRules of `networking.k8s.io/v1`).
    var extraEgress: [JSONValue]?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        enabled = try container.decode(Bool.self, forKey: .enabled, default: enabled)
        ingressFrom = try container.decodeIfPresent([JSONValue].self, forKey: .ingressFrom)
        extraEgress = try container.decodeIfPresent([JSONValue].self, forKey: .extraEgress)
    }
}
