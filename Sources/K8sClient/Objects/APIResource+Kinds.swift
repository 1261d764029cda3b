extension APIResource {
    private static func core(_ kind: String, _ plural: String, isNamespaced: Bool = true) -> Self {
        Self(group: "", version: "v1", kind: kind, plural: plural, isNamespaced: isNamespaced)
    }

    private static func v1(_ group: String, _ kind: String, _ plural: String, isNamespaced: Bool = true) -> Self {
        Self(group: group, version: "v1", kind: kind, plural: plural, isNamespaced: isNamespaced)
    }

    /// `v1` Namespace.
    public static let namespaces = core("Namespace", "namespaces", isNamespaced: false)
    /// `v1` Node.
    public static let nodes = core("Node", "nodes", isNamespaced: false)
    /// `v1` ConfigMap.
    public static let configMaps = core("ConfigMap", "configmaps")
    /// `v1` Secret.
    public static let secrets = core("Secret", "secrets")
    /// `v1` Service.
    public static let services = core("Service", "services")
    /// `v1` ServiceAccount.
    public static let serviceAccounts = core("ServiceAccount", "serviceaccounts")
    /// `v1` Pod.
    public static let pods = core("Pod", "pods")
    /// `v1` PersistentVolumeClaim.
    public static let persistentVolumeClaims = core("PersistentVolumeClaim", "persistentvolumeclaims")
    /// `apps/v1` Deployment.
    public static let deployments = v1("apps", "Deployment", "deployments")
    /// `apps/v1` ReplicaSet.
    public static let replicaSets = v1("apps", "ReplicaSet", "replicasets")
    /// `apps/v1` StatefulSet.
    public static let statefulSets = v1("apps", "StatefulSet", "statefulsets")
    /// `networking.k8s.io/v1` Ingress.
    public static let ingresses = v1("networking.k8s.io", "Ingress", "ingresses")
    /// `networking.k8s.io/v1` NetworkPolicy.
    public static let networkPolicies = v1("networking.k8s.io", "NetworkPolicy", "networkpolicies")
    /// `policy/v1` PodDisruptionBudget.
    public static let podDisruptionBudgets = v1("policy", "PodDisruptionBudget", "poddisruptionbudgets")
    /// `autoscaling/v2` HorizontalPodAutoscaler.
    public static let horizontalPodAutoscalers = Self(
        group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers",
        isNamespaced: true)
    /// `batch/v1` Job.
    public static let jobs = v1("batch", "Job", "jobs")
    /// `batch/v1` CronJob.
    public static let cronJobs = v1("batch", "CronJob", "cronjobs")
    /// `coordination.k8s.io/v1` Lease.
    public static let leases = v1("coordination.k8s.io", "Lease", "leases")
    /// `events.k8s.io/v1` Event.
    public static let events = v1("events.k8s.io", "Event", "events")
    /// `discovery.k8s.io/v1` EndpointSlice.
    public static let endpointSlices = v1("discovery.k8s.io", "EndpointSlice", "endpointslices")
    /// `apiextensions.k8s.io/v1` CustomResourceDefinition.
    public static let customResourceDefinitions = v1(
        "apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", isNamespaced: false)
    /// `rbac.authorization.k8s.io/v1` Role.
    public static let roles = v1("rbac.authorization.k8s.io", "Role", "roles")
    /// `rbac.authorization.k8s.io/v1` RoleBinding.
    public static let roleBindings = v1("rbac.authorization.k8s.io", "RoleBinding", "rolebindings")
    /// `rbac.authorization.k8s.io/v1` ClusterRole.
    public static let clusterRoles = v1("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", isNamespaced: false)
    /// `rbac.authorization.k8s.io/v1` ClusterRoleBinding.
    public static let clusterRoleBindings = v1(
        "rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", isNamespaced: false)

    /// Every kind listed here.
    public static let builtIn: [APIResource] = [
        namespaces, nodes, configMaps, secrets, services, serviceAccounts, pods, persistentVolumeClaims, deployments,
        replicaSets, statefulSets, ingresses, networkPolicies, podDisruptionBudgets, horizontalPodAutoscalers, jobs,
        cronJobs, leases, events, endpointSlices,
        customResourceDefinitions, roles, roleBindings, clusterRoles, clusterRoleBindings,
    ]

    /// The listed kind that a manifest's `apiVersion` and `kind` name, if there is one.
    public static func builtIn(apiVersion: String, kind: String) -> APIResource? {
        builtIn.first { $0.kind == kind && $0.apiVersion == apiVersion }
    }
}
