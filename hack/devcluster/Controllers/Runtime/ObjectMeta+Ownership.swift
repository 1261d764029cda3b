import K8sClient

extension ObjectMeta {
    /// Whether the object waits to be removed.
    var isDeleting: Bool { deletionTimestamp != nil }
    var created: KubernetesTime? { KubernetesTime(creationTimestamp) }
    var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// The owner that controls the object, as owner references say.
    var controller: (kind: String, name: String, uid: String)? {
        for owner in ownerReferences where owner["controller"]?.bool == true {
            return (owner["kind"]?.string ?? "", owner["name"]?.string ?? "", owner["uid"]?.string ?? "")
        }
        return nil
    }
}

extension ObjectKey: CustomStringConvertible {
    /// `NAMESPACE/NAME`, or the name of a cluster-scoped object.
    var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}

extension JSONValue {
    /// The members that are strings, when this is an object.
    var strings: [String: String] { (object ?? [:]).compactMapValues(\.string) }

    /// The items of the array under a path; none when there is no such array.
    func items(_ keys: String...) -> [JSONValue] { self[path: keys[...]]?.array ?? [] }

    /// An owner reference that makes this object the controller of another.
    func controllerReference(apiVersion: String, kind: String) -> JSONValue {
        [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(meta.name),
            "uid": .string(meta.uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }
}

/// The resources that the controllers and the node work on.
extension GroupResource {
    static let pods = GroupResource("", "pods")
    static let nodes = GroupResource("", "nodes")
    static let services = GroupResource("", "services")
    static let endpoints = GroupResource("", "endpoints")
    static let events = GroupResource("", "events")
    static let configMaps = GroupResource("", "configmaps")
    static let secrets = GroupResource("", "secrets")
    static let deployments = GroupResource("apps", "deployments")
    static let replicaSets = GroupResource("apps", "replicasets")
    static let statefulSets = GroupResource("apps", "statefulsets")
    static let controllerRevisions = GroupResource("apps", "controllerrevisions")
    static let persistentVolumeClaims = GroupResource("", "persistentvolumeclaims")
    static let persistentVolumes = GroupResource("", "persistentvolumes")
    static let storageClasses = GroupResource("storage.k8s.io", "storageclasses")
    static let podDisruptionBudgets = GroupResource("policy", "poddisruptionbudgets")
    static let horizontalPodAutoscalers = GroupResource("autoscaling", "horizontalpodautoscalers")
    static let jobs = GroupResource("batch", "jobs")
    static let cronJobs = GroupResource("batch", "cronjobs")
    static let endpointSlices = GroupResource("discovery.k8s.io", "endpointslices")
    static let leases = GroupResource("coordination.k8s.io", "leases")
}
