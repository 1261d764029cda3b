import K8sClient

extension BuiltInKinds {
    static var statefulSet: KindDefinition {
        make(
            "apps", "v1", "StatefulSet", "statefulsets", short: ["sts"], inAll: true, status: true, generation: true,
            empty: [
                "spec": ["template": emptyTemplate, "updateStrategy": [:]],
                "status": ["replicas": 0, "availableReplicas": 0],
            ]
        ) { kind in
            kind.scale = replicaPaths
            kind.defaults = complete(statefulSet:)
            kind.validate = validate(statefulSet:_:)
            kind.validateUpdate = { new, old, errors in
                let fixed = ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"]
                guard fixed.contains(where: { new["spec", $0] != old["spec", $0] }) else { return }
                errors.append(
                    .forbidden(
                        "spec",
                        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                            + "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                            + "'minReadySeconds' are forbidden"))
            }
            kind.columns = [
                .name, TableColumn(name: "Ready"), .age, .wide("Containers"), .wide("Images"),
            ]
            kind.cells = { object in
                [
                    .string(object.meta.name),
                    .string(
                        "\(object["status", "readyReplicas"]?.int ?? 0)/\(object["spec", "replicas"]?.int ?? 0)"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ] + templateCells(object).prefix(2)
            }
        }
    }

    private static func complete(statefulSet object: inout JSONValue) {
        object.setDefault("spec", "replicas", value: 1)
        object.setDefault("spec", "podManagementPolicy", value: "OrderedReady")
        object.setDefault("spec", "revisionHistoryLimit", value: 10)
        object.setDefault("spec", "updateStrategy", "type", value: "RollingUpdate")
        if object["spec", "updateStrategy", "type"] == "RollingUpdate" {
            object.setDefault("spec", "updateStrategy", "rollingUpdate", "partition", value: 0)
        }
        object.setDefault("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted", value: "Retain")
        object.setDefault("spec", "persistentVolumeClaimRetentionPolicy", "whenScaled", value: "Retain")
        object.setDefault("status", "replicas", value: 0)
        object.setDefault("status", "availableReplicas", value: 0)
        completeTemplate(&object)
        object.updateEach("spec", "volumeClaimTemplates") { claim in
            claim.setDefault("apiVersion", value: "v1")
            claim.setDefault("kind", value: "PersistentVolumeClaim")
            claim.setDefault("spec", "volumeMode", value: "Filesystem")
            claim.setDefault("status", "phase", value: "Pending")
        }
    }

    private static func validate(statefulSet object: JSONValue, _ errors: inout [FieldError]) {
        WorkloadValidation.validate(object, owner: "statefulset", &errors)
        let spec = object["spec"] ?? [:]
        let policy = spec["podManagementPolicy"] ?? ""
        if policy != "OrderedReady", policy != "Parallel" {
            errors.append(.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
        }
        switch spec["updateStrategy", "type"]?.string {
        case "OnDelete":
            if let rolling = spec["updateStrategy", "rollingUpdate"] {
                errors.append(
                    .invalid(
                        "spec.updateStrategy.rollingUpdate", rolling, "only allowed for updateStrategy 'RollingUpdate'")
                )
            }
        case "RollingUpdate":
            let partition = spec["updateStrategy", "rollingUpdate", "partition"]?.int ?? 0
            if partition < 0 {
                errors.append(
                    .invalid(
                        "spec.updateStrategy.rollingUpdate.partition", JSONValue(partition),
                        "must be greater than or equal to 0"))
            }
        default:
            errors.append(
                .invalid(
                    "spec.updateStrategy", spec["updateStrategy"] ?? [:], "must be 'RollingUpdate' or 'OnDelete'"))
        }
        for member in ["whenDeleted", "whenScaled"] {
            let value = spec["persistentVolumeClaimRetentionPolicy", member] ?? ""
            if value != "Retain", value != "Delete" {
                errors.append(
                    .notSupported("spec.persistentVolumeClaimRetentionPolicy.\(member)", value, ["Delete", "Retain"]))
            }
        }
        if let start = spec["ordinals", "start"]?.int, start < 0 {
            errors.append(.invalid("spec.ordinals.start", JSONValue(start), "must be greater than or equal to 0"))
        }
    }

    /// A template that a StatefulSet had, kept for going back to it.
    static var controllerRevision: KindDefinition {
        make("apps", "v1", "ControllerRevision", "controllerrevisions") { kind in
            kind.validate = { object, errors in
                if let revision = object["revision"]?.int, revision < 0 {
                    errors.append(.invalid("revision", JSONValue(revision), "must be greater than or equal to 0"))
                }
            }
            kind.validateUpdate = { new, old, errors in
                if new["data"] != old["data"] {
                    errors.append(.invalid("data", new["data"] ?? .null, "field is immutable"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Controller"), TableColumn(name: "Revision", type: "integer"), .age,
            ]
            kind.cells = { object in
                let owner = object.meta.ownerReferences.first { $0["controller"]?.bool == true }
                let kind = owner?["kind"]?.string?.lowercased() ?? ""
                let group = owner?["apiVersion"]?.string?.split(separator: "/").first.map { ".\($0)" } ?? ""
                return [
                    .string(object.meta.name),
                    .string(owner.map { "\(kind)\(group)/\($0["name"]?.string ?? "")" } ?? "<none>"),
                    JSONValue(object["revision"]?.int ?? 0), HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }
}
