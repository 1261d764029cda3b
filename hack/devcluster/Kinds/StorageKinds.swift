import K8sClient

extension BuiltInKinds {
    static var persistentVolumeClaim: KindDefinition {
        make(
            "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short: ["pvc"], status: true,
            empty: ["spec": ["resources": [:]], "status": [:]]
        ) { kind in
            kind.defaults = { object in
                object.setDefault("spec", "volumeMode", value: "Filesystem")
                if object["status", "phase"] == nil { object["status", "phase"] = "Pending" }
            }
            kind.prepareForCreate = { $0["status"] = ["phase": "Pending"] }
            kind.validate = validate(claim:_:)
            kind.validateUpdate = validate(claim:from:_:)
            kind.columns = [
                .name, TableColumn(name: "Status"), TableColumn(name: "Volume"), TableColumn(name: "Capacity"),
                TableColumn(name: "Access Modes"), TableColumn(name: "StorageClass"),
                TableColumn(name: "VolumeAttributesClass"), .age, .wide("VolumeMode"),
            ]
            kind.cells = { object in
                let isBound = object["spec", "volumeName"]?.string?.isEmpty == false
                return [
                    .string(object.meta.name),
                    object.meta.deletionTimestamp == nil ? object["status", "phase"] ?? "" : "Terminating",
                    object["spec", "volumeName"] ?? "",
                    isBound ? object["status", "capacity", "storage"] ?? "" : "",
                    .string(isBound ? accessModes(object["status", "accessModes"]) : ""),
                    object["spec", "storageClassName"] ?? "",
                    object["spec", "volumeAttributesClassName"] ?? "<unset>",
                    HumanDuration.age(object.meta.creationTimestamp), object["spec", "volumeMode"] ?? "<unset>",
                ]
            }
        }
    }

    private static let modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
    private static let volumeModes = ["Block", "Filesystem"]

    private static func validate(accessModes: [JSONValue], _ errors: inout [FieldError]) {
        for mode in accessModes where !modes.contains(mode.string ?? "") {
            errors.append(.notSupported("spec.accessModes", mode, modes))
        }
        if accessModes.count > 1, accessModes.contains("ReadWriteOncePod") {
            errors.append(
                .forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"))
        }
    }

    private static func validate(volumeMode: JSONValue?, _ errors: inout [FieldError]) {
        guard let volumeMode, !volumeModes.contains(volumeMode.string ?? "") else { return }
        errors.append(.notSupported("spec.volumeMode", volumeMode, volumeModes))
    }

    private static func validate(claim object: JSONValue, _ errors: inout [FieldError]) {
        let modes = object["spec", "accessModes"]?.array ?? []
        if modes.isEmpty { errors.append(.required("spec.accessModes", "at least 1 access mode is required")) }
        validate(accessModes: modes, &errors)
        validate(volumeMode: object["spec", "volumeMode"], &errors)
        if let name = object["spec", "storageClassName"]?.string, !name.isEmpty, !Names.isSubdomain(name) {
            errors.append(.invalid("spec.storageClassName", .string(name), Names.subdomainRule))
        }
        guard let storage = object["spec", "resources", "requests", "storage"]?.string else {
            errors.append(.required("spec.resources[storage]"))
            return
        }
        if let amount = Quantity(storage), amount.value <= 0 {
            errors.append(.invalid("spec.resources[storage]", .string(storage), "must be greater than zero"))
        }
    }

    /// What a claim asks for stays, but that a volume and a class may be set once, and that a bound one may grow.
    private static func validate(claim new: JSONValue, from old: JSONValue, _ errors: inout [FieldError]) {
        func fixed(_ claim: JSONValue) -> JSONValue {
            var spec = claim["spec"] ?? [:]
            for member in ["volumeName", "storageClassName"] where old["spec", member] == nil { spec[member] = nil }
            if new["status", "phase"] == "Bound" { spec["resources", "requests", "storage"] = nil }
            spec["volumeAttributesClassName"] = nil
            return spec
        }
        if fixed(new) != fixed(old) {
            errors.append(
                .forbidden(
                    "spec",
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
                        + "claims"))
        }
        func amount(_ claim: JSONValue, _ path: String...) -> Quantity? {
            claim[path: path[...]]?.string.flatMap(Quantity.init)
        }
        if let size = amount(new, "spec", "resources", "requests", "storage"),
            let before = amount(old, "spec", "resources", "requests", "storage"), size < before,
            let capacity = amount(old, "status", "capacity", "storage"), !(capacity < size)
        {
            errors.append(
                .forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
        }
    }

    /// `RWO,ROX`: the modes as tables show them.
    private static func accessModes(_ modes: JSONValue?) -> String {
        let short = [
            ("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"),
        ]
        let given = modes?.array ?? []
        return short.filter { given.contains(.string($0.0)) }.map(\.1).joined(separator: ",")
    }

    static var persistentVolume: KindDefinition {
        make(
            "", "v1", "PersistentVolume", "persistentvolumes", namespaced: false, short: ["pv"], status: true,
            empty: ["spec": [:], "status": [:]]
        ) { kind in
            kind.defaults = { object in
                object.setDefault("spec", "persistentVolumeReclaimPolicy", value: "Retain")
                object.setDefault("spec", "volumeMode", value: "Filesystem")
                if object["spec", "hostPath"] != nil { object.setDefault("spec", "hostPath", "type", value: "") }
                object.setDefault("status", "phase", value: "Pending")
            }
            kind.prepareForCreate = { $0["status"] = ["phase": "Pending"] }
            kind.validate = validate(volume:_:)
            kind.validateUpdate = { new, old, errors in
                if PersistentVolumeSource(new) != PersistentVolumeSource(old) {
                    errors.append(
                        .forbidden(
                            "spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"))
                }
                if new["spec", "volumeMode"] != old["spec", "volumeMode"] {
                    errors.append(.invalid("spec.volumeMode", new["spec", "volumeMode"] ?? "", "field is immutable"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Capacity"), TableColumn(name: "Access Modes"),
                TableColumn(name: "Reclaim Policy"), TableColumn(name: "Status"), TableColumn(name: "Claim"),
                TableColumn(name: "StorageClass"), TableColumn(name: "VolumeAttributesClass"),
                TableColumn(name: "Reason"), .age, .wide("VolumeMode"),
            ]
            kind.cells = { object in
                let claim = object["spec", "claimRef"]
                return [
                    .string(object.meta.name), object["spec", "capacity", "storage"] ?? "",
                    .string(accessModes(object["spec", "accessModes"])),
                    object["spec", "persistentVolumeReclaimPolicy"] ?? "",
                    object.meta.deletionTimestamp == nil ? object["status", "phase"] ?? "" : "Terminating",
                    .string(claim.map { "\($0["namespace"]?.string ?? "")/\($0["name"]?.string ?? "")" } ?? ""),
                    object["spec", "storageClassName"] ?? "",
                    object["spec", "volumeAttributesClassName"] ?? "<unset>", object["status", "reason"] ?? "",
                    HumanDuration.age(object.meta.creationTimestamp), object["spec", "volumeMode"] ?? "<unset>",
                ]
            }
        }
    }

    private static func validate(volume object: JSONValue, _ errors: inout [FieldError]) {
        let spec = object["spec"] ?? [:]
        let modes = spec["accessModes"]?.array ?? []
        if modes.isEmpty { errors.append(.required("spec.accessModes")) }
        validate(accessModes: modes, &errors)
        validate(volumeMode: spec["volumeMode"], &errors)
        if spec["capacity", "storage"] == nil {
            let capacity = spec["capacity"]?.object ?? [:]
            errors.append(
                capacity.isEmpty
                    ? .required("spec.capacity") : .notSupported("spec.capacity", spec["capacity"] ?? [:], ["storage"]))
        } else if let amount = spec["capacity", "storage"]?.string.flatMap(Quantity.init), amount.value <= 0 {
            errors.append(
                .invalid("spec.capacity[storage]", spec["capacity", "storage"] ?? "", "must be greater than zero"))
        }
        let policies = ["Delete", "Recycle", "Retain"]
        if let policy = spec["persistentVolumeReclaimPolicy"], !policies.contains(policy.string ?? "") {
            errors.append(.notSupported("spec.persistentVolumeReclaimPolicy", policy, policies))
        }
        let sources = PersistentVolumeSource.types(of: object)
        if sources.isEmpty { errors.append(.required("spec", "must specify a volume type")) }
        for source in sources.dropFirst() {
            errors.append(.forbidden("spec.\(source)", "may not specify more than 1 volume type"))
        }
        if spec["local"] != nil, spec["nodeAffinity"] == nil {
            errors.append(.required("spec.nodeAffinity", "Local volume requires node affinity"))
        }
        if let path = spec["hostPath", "path"]?.string, path.split(separator: "/").contains("..") {
            errors.append(.invalid("spec.hostPath.path", .string(path), "must not contain '..'"))
        }
    }

    static var storageClass: KindDefinition {
        make("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced: false, short: ["sc"]) { kind in
            kind.defaults = { object in
                object.setDefault("reclaimPolicy", value: "Delete")
                object.setDefault("volumeBindingMode", value: "Immediate")
            }
            kind.validate = { object, errors in
                if object["provisioner"]?.string?.isEmpty ?? true { errors.append(.required("provisioner")) }
                let policies = ["Delete", "Retain"]
                if let policy = object["reclaimPolicy"], !policies.contains(policy.string ?? "") {
                    errors.append(.notSupported("reclaimPolicy", policy, policies))
                }
                let modes = ["Immediate", "WaitForFirstConsumer"]
                if let mode = object["volumeBindingMode"], !modes.contains(mode.string ?? "") {
                    errors.append(.notSupported("volumeBindingMode", mode, modes))
                }
            }
            kind.validateUpdate = { new, old, errors in
                for member in ["parameters", "provisioner", "reclaimPolicy"] where new[member] != old[member] {
                    errors.append(.forbidden(member, "updates to \(member) are forbidden."))
                }
                if new["volumeBindingMode"] != old["volumeBindingMode"] {
                    errors.append(
                        .invalid("volumeBindingMode", new["volumeBindingMode"] ?? "", "field is immutable"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Provisioner"), TableColumn(name: "ReclaimPolicy"),
                TableColumn(name: "VolumeBindingMode"), TableColumn(name: "AllowVolumeExpansion"), .age,
            ]
            kind.cells = { object in
                [
                    .string(object.meta.name + (DefaultStorageClass.isDefault(object) ? " (default)" : "")),
                    object["provisioner"] ?? "", object["reclaimPolicy"] ?? "", object["volumeBindingMode"] ?? "",
                    .string(object["allowVolumeExpansion"]?.bool == true ? "true" : "false"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }
}

/// Where a PersistentVolume lies: the one member of its spec that names a kind of storage.
struct PersistentVolumeSource: Hashable {
    private static let others: Set<String> = [
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
        "storageClassName", "volumeAttributesClassName", "volumeMode",
    ]

    private let members: [String: JSONValue]

    init(_ volume: JSONValue) {
        members = (volume["spec"]?.object ?? [:]).filter { !Self.others.contains($0.key) }
    }

    /// The kinds of storage that a volume names, sorted.
    static func types(of volume: JSONValue) -> [String] { Self(volume).members.keys.sorted() }
}

/// The StorageClass of claims that name none.
enum DefaultStorageClass {
    static let annotation = "storageclass.kubernetes.io/is-default-class"

    static func isDefault(_ object: JSONValue) -> Bool {
        let annotations = object.meta.annotations
        return annotations[annotation] == "true"
            || annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true"
    }

    /// The newest of the classes that call themselves default.
    static func name(among classes: [JSONValue]) -> String? {
        classes.filter(isDefault)
            .max { ($0.meta.creationTimestamp, $1.meta.name) < ($1.meta.creationTimestamp, $0.meta.name) }?.meta.name
    }
}
