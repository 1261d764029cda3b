import K8sClient

/// The kinds that the operator makes. What is watched, listed in the ClusterRole and prunable is exactly this.
enum OwnedKinds {
    /// Those that every cluster serves.
    static let builtIn: [APIResource] = [
        .namespaces, .configMaps, .secrets, .services, .persistentVolumeClaims, .statefulSets, .deployments, .jobs,
        .cronJobs, .ingresses, .networkPolicies, .horizontalPodAutoscalers, .podDisruptionBudgets,
    ]

    /// Those of other projects, made where the cluster has their CustomResourceDefinition.
    static let optional: [APIResource] = [.httpRoutes, .serviceMonitors, .prometheusRules, .cloudNativePGClusters]

    static let all = builtIn + optional

    static func resource(of identity: ObjectIdentity) -> APIResource? {
        all.first { $0.kind == identity.kind && $0.apiVersion == identity.apiVersion }
    }
}

extension APIResource {
    /// Gateway API's HTTPRoute.
    static let httpRoutes = APIResource(
        group: "gateway.networking.k8s.io", version: "v1", kind: "HTTPRoute", plural: "httproutes", isNamespaced: true)
    /// The Prometheus operator's ServiceMonitor.
    static let serviceMonitors = APIResource(
        group: "monitoring.coreos.com", version: "v1", kind: "ServiceMonitor", plural: "servicemonitors",
        isNamespaced: true)
    /// The Prometheus operator's PrometheusRule.
    static let prometheusRules = APIResource(
        group: "monitoring.coreos.com", version: "v1", kind: "PrometheusRule", plural: "prometheusrules",
        isNamespaced: true)
    /// CloudNativePG's Cluster.
    static let cloudNativePGClusters = APIResource(
        group: "postgresql.cnpg.io", version: "v1", kind: "Cluster", plural: "clusters", isNamespaced: true)

    /// The name of the CustomResourceDefinition that brings a kind.
    var definitionName: String { "\(plural).\(group)" }
}
