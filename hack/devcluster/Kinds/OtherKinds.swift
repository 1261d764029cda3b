import K8sClient

extension BuiltInKinds {
    static func kind(
        _ group: String, _ version: String, _ kind: String, _ resource: String, namespaced: Bool = true,
        status: Bool = false, short: [String] = []
    ) -> KindDefinition {
        var definition = KindDefinition(
            group, version, kind, resource, namespaced: namespaced, schema: BuiltInTypes.object(kind))
        definition.shortNames = short
        definition.hasStatus = status
        definition.countsGenerations = status
        return definition
    }

    static let apps = [
        kind("apps", "v1", "Deployment", "deployments", status: true, short: ["deploy"]),
        kind("apps", "v1", "ReplicaSet", "replicasets", status: true, short: ["rs"]),
        kind("apps", "v1", "StatefulSet", "statefulsets", status: true, short: ["sts"]),
        kind("apps", "v1", "DaemonSet", "daemonsets", status: true, short: ["ds"]),
    ]
    static let batch = [
        kind("batch", "v1", "Job", "jobs", status: true), kind("batch", "v1", "CronJob", "cronjobs", status: true, short: ["cj"]),
    ]
    static let networking = [
        kind("networking.k8s.io", "v1", "Ingress", "ingresses", status: true, short: ["ing"]),
        kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    ]
    static let policy = [kind("coordination.k8s.io", "v1", "Lease", "leases")]
    static let access: [KindDefinition] = []
    static let reviews: [KindDefinition] = []
    static let extensions: [KindDefinition] = []
}
