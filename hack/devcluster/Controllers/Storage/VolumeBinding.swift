import K8sClient

/// Which volume a claim gets; pure.
enum VolumeBinding {
    static let completed = "pv.kubernetes.io/bind-completed"
    static let byController = "pv.kubernetes.io/bound-by-controller"
    static let provisioner = "volume.kubernetes.io/storage-provisioner"
    static let oldProvisioner = "volume.beta.kubernetes.io/storage-provisioner"
    /// The node that the scheduler chose for a claim whose class waits for its first pod.
    static let selectedNode = "volume.kubernetes.io/selected-node"

    /// A claim as a volume's `spec.claimRef` names it.
    static func reference(to claim: JSONValue) -> JSONValue {
        let meta = claim.meta
        return [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": .string(meta.namespace),
            "name": .string(meta.name), "uid": .string(meta.uid), "resourceVersion": .string(meta.resourceVersion),
        ]
    }

    /// Whether a volume is meant for a claim: by its uid, or by its name alone when somebody reserved it beforehand.
    static func isReserved(_ volume: JSONValue, for claim: JSONValue) -> Bool {
        guard let reference = volume["spec", "claimRef"] else { return false }
        let uid = reference["uid"]?.string ?? ""
        return reference["namespace"]?.string == claim.meta.namespace && reference["name"]?.string == claim.meta.name
            && (uid.isEmpty || uid == claim.meta.uid)
    }

    /// Why a volume does not fit a claim; nil when it does.
    static func misfit(_ volume: JSONValue, _ claim: JSONValue) -> String? {
        let (spec, wanted) = (volume["spec"] ?? [:], claim["spec"] ?? [:])
        if (spec["volumeMode"] ?? "Filesystem") != (wanted["volumeMode"] ?? "Filesystem") {
            return "incompatible volumeMode"
        }
        if (spec["storageClassName"]?.string ?? "") != (wanted["storageClassName"]?.string ?? "") {
            return "storageClassName does not match"
        }
        let modes = spec["accessModes"]?.array ?? []
        if !(wanted["accessModes"]?.array ?? []).allSatisfy(modes.contains) { return "incompatible accessMode" }
        let size = spec["capacity", "storage"]?.string.flatMap(Quantity.init)
        let asked = wanted["resources", "requests", "storage"]?.string.flatMap(Quantity.init)
        if let asked, size.map({ $0 < asked }) ?? true { return "requested PV is too small" }
        return nil
    }

    /// The volume that a claim is to be bound to: the one reserved for it, or else the smallest free one that fits.
    static func choose(_ volumes: [JSONValue], for claim: JSONValue) -> JSONValue? {
        let usable = volumes.filter { !$0.meta.isDeleting }
        if let reserved = usable.first(where: { isReserved($0, for: claim) && misfit($0, claim) == nil }) {
            return reserved
        }
        let selector = claim["spec", "selector"].map { LabelSelector($0) }
        return usable.filter { volume in
            guard volume["spec", "claimRef"] == nil, volume["status", "phase"] == "Available" else { return false }
            if let selector, !(selector?.matches(volume.meta.labels) ?? false) { return false }
            return misfit(volume, claim) == nil
        }.min { left, right in
            func size(_ volume: JSONValue) -> Double {
                volume["spec", "capacity", "storage"]?.string.flatMap(Quantity.init)?.value ?? 0
            }
            return (size(left), left.meta.name) < (size(right), right.meta.name)
        }
    }

    /// The names of the claims that a pod's volumes are.
    static func claims(of pod: JSONValue) -> [String] {
        pod.items("spec", "volumes").compactMap { volume in
            if volume["ephemeral"] != nil { return "\(pod.meta.name)-\(volume.nameOrEmpty)" }
            return volume["persistentVolumeClaim", "claimName"]?.string
        }
    }
}
