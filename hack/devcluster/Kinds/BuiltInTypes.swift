/// The types of Kubernetes' own kinds.
enum BuiltInTypes {
    private static let schemas: [String: Schema] = {
        var notation = SchemaNotation([core, apps, batch, networking, policy, access, extensions])
        return Dictionary(uniqueKeysWithValues: roots.map { ($0, notation.schema($0)) })
    }()

    /// The types that something outside the notation asks for.
    private static let roots = [
        "Namespace", "ConfigMap", "Secret", "Service", "Endpoints", "Event", "Pod", "ServiceAccount", "Node",
        "PersistentVolumeClaim", "PersistentVolume", "LimitRange", "ResourceQuota", "Deployment", "ReplicaSet",
        "StatefulSet", "DaemonSet", "ControllerRevision", "Job", "CronJob", "Ingress", "IngressClass", "NetworkPolicy",
        "EndpointSlice",
        "PodDisruptionBudget", "Eviction", "HorizontalPodAutoscaler", "HorizontalPodAutoscalerV1", "Scale",
        "StorageClass", "PriorityClass", "Lease",
        "EventsEvent", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "SelfSubjectAccessReview",
        "SubjectAccessReview", "LocalSubjectAccessReview", "SelfSubjectRulesReview", "TokenRequest", "TokenReview",
        "SelfSubjectReview", "CustomResourceDefinition", "ObjectMeta", "DeleteOptions",
    ]

    /// The schema of a kind's objects, `apiVersion` and `kind` included.
    static func object(_ type: String) -> Schema {
        let schema = schemas[type] ?? .any
        var properties = schema.properties
        properties["apiVersion"] = Schema(.string)
        properties["kind"] = Schema(.string)
        return Schema(
            .object, properties: properties, required: schema.required, fieldNumbers: schema.fieldNumbers)
    }

    static let objectMeta = schemas["ObjectMeta"] ?? .any
}
