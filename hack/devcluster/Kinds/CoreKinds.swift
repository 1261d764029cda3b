import K8sClient

extension BuiltInKinds {
    static let core: [KindDefinition] = [
        namespace, configMap, secret, service, endpoints, event, pod, serviceAccount, node, persistentVolumeClaim,
        persistentVolume, limitRange, resourceQuota,
    ]

    static func coreKind(_ kind: String, _ resource: String, namespaced: Bool = true, short: [String] = [])
        -> KindDefinition
    {
        var definition = KindDefinition(
            "", "v1", kind, resource, namespaced: namespaced, schema: BuiltInTypes.object(kind))
        definition.shortNames = short
        return definition
    }

    private static var namespace: KindDefinition {
        var kind = coreKind("Namespace", "namespaces", namespaced: false, short: ["ns"])
        kind.nameRule = .label
        kind.hasStatus = true
        kind.emptyObject = ["spec": [:], "status": [:]]
        kind.selectableFields = ["status.phase"]
        kind.prepareForCreate = { object in
            object["metadata", "labels", "kubernetes.io/metadata.name"] = .string(object.meta.name)
            object["spec", "finalizers"] = ["kubernetes"]
            object["status"] = ["phase": "Active"]
        }
        return kind
    }

    private static var configMap: KindDefinition { coreKind("ConfigMap", "configmaps", short: ["cm"]) }
    private static var secret: KindDefinition { coreKind("Secret", "secrets") }
    private static var service: KindDefinition { coreKind("Service", "services", short: ["svc"]) }
    private static var endpoints: KindDefinition { coreKind("Endpoints", "endpoints", short: ["ep"]) }
    private static var event: KindDefinition { coreKind("Event", "events", short: ["ev"]) }
    private static var pod: KindDefinition {
        var kind = coreKind("Pod", "pods", short: ["po"])
        kind.hasStatus = true
        kind.selectableFields = ["spec.nodeName", "status.phase"]
        return kind
    }
    private static var serviceAccount: KindDefinition { coreKind("ServiceAccount", "serviceaccounts", short: ["sa"]) }
    private static var node: KindDefinition {
        var kind = coreKind("Node", "nodes", namespaced: false, short: ["no"])
        kind.hasStatus = true
        return kind
    }
    private static var persistentVolumeClaim: KindDefinition {
        coreKind("PersistentVolumeClaim", "persistentvolumeclaims", short: ["pvc"])
    }
    private static var persistentVolume: KindDefinition {
        coreKind("PersistentVolume", "persistentvolumes", namespaced: false, short: ["pv"])
    }
    private static var limitRange: KindDefinition { coreKind("LimitRange", "limitranges", short: ["limits"]) }
    private static var resourceQuota: KindDefinition { coreKind("ResourceQuota", "resourcequotas", short: ["quota"]) }
}
