import K8sClient

/// What the server adds to claims and volumes, and refuses of them, beyond what their fields say.
enum StorageAdmission {
    /// What keeps a claim while a pod uses it, and a volume while a claim does.
    static let claimProtection = "kubernetes.io/pvc-protection"
    static let volumeProtection = "kubernetes.io/pv-protection"

    /// Gives a new claim the default class when it names none, and keeps it from going while pods use it.
    static func complete(claim: inout JSONValue, classes: () throws(StatusError) -> [JSONValue]) throws(StatusError) {
        if claim["spec", "storageClassName"] == nil, let name = DefaultStorageClass.name(among: try classes()) {
            claim["spec", "storageClassName"] = .string(name)
        }
        protect(&claim, by: claimProtection)
    }

    /// Keeps a new object from going before its controller lets it.
    static func protect(_ object: inout JSONValue, by finalizer: String) {
        let finalizers = object.meta.finalizers
        if finalizers.contains(finalizer) { return }
        object["metadata", "finalizers"] = JSONValue(finalizers + [finalizer])
    }

    /// Refuses that a claim grows which cannot: it must be bound, and its class allow it.
    static func checkGrowth(
        of new: JSONValue, from old: JSONValue, classes: () throws(StatusError) -> [JSONValue]
    ) throws(StatusError) {
        func size(_ claim: JSONValue) -> Quantity? {
            claim["spec", "resources", "requests", "storage"]?.string.flatMap(Quantity.init)
        }
        guard let before = size(old), let after = size(new), before < after else { return }
        guard old["status", "phase"] == "Bound" else {
            throw .forbidden(
                .persistentVolumeClaims, new.meta.name, "Only bound persistent volume claims can be expanded")
        }
        let name = old["spec", "storageClassName"]?.string ?? ""
        let storageClass = try classes().first { $0.meta.name == name }
        guard storageClass?["allowVolumeExpansion"]?.bool == true else {
            throw .forbidden(
                .persistentVolumeClaims, new.meta.name,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
                    + "support resize")
        }
    }
}
