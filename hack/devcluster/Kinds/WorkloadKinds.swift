import K8sClient

extension BuiltInKinds {
    static let apps: [KindDefinition] = [deployment, replicaSet, statefulSet, daemonSet, controllerRevision]

    static let replicaPaths = KindDefinition.ScalePaths(
        specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"])

    static let emptyTemplate: JSONValue = ["metadata": [:], "spec": [:]]

    private static var deployment: KindDefinition {
        make(
            "apps", "v1", "Deployment", "deployments", short: ["deploy"], inAll: true, status: true, generation: true,
            empty: ["spec": ["strategy": [:], "template": emptyTemplate], "status": [:]]
        ) { kind in
            kind.scale = replicaPaths
            kind.defaults = { object in
                object.setDefault("spec", "replicas", value: 1)
                object.setDefault("spec", "revisionHistoryLimit", value: 10)
                object.setDefault("spec", "progressDeadlineSeconds", value: 600)
                object.setDefault("spec", "strategy", "type", value: "RollingUpdate")
                if object["spec", "strategy", "type"] == "RollingUpdate" {
                    object.setDefault("spec", "strategy", "rollingUpdate", "maxUnavailable", value: "25%")
                    object.setDefault("spec", "strategy", "rollingUpdate", "maxSurge", value: "25%")
                }
                completeTemplate(&object)
            }
            kind.validate = { object, errors in
                WorkloadValidation.validate(object, &errors)
                WorkloadValidation.validateStrategy(object["spec", "strategy"] ?? [:], &errors)
            }
            kind.validateUpdate = WorkloadValidation.validateSelectorUpdate
            kind.columns = [
                .name, TableColumn(name: "Ready"), TableColumn(name: "Up-to-date"), TableColumn(name: "Available"),
                .age,
                .wide("Containers"), .wide("Images"), .wide("Selector"),
            ]
            kind.cells = { object in
                [
                    .string(object.meta.name),
                    .string(
                        "\(object["status", "readyReplicas"]?.int ?? 0)/\(object["spec", "replicas"]?.int ?? 0)"),
                    .string("\(object["status", "updatedReplicas"]?.int ?? 0)"),
                    .string("\(object["status", "availableReplicas"]?.int ?? 0)"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ] + templateCells(object)
            }
        }
    }

    private static var replicaSet: KindDefinition {
        make(
            "apps", "v1", "ReplicaSet", "replicasets", short: ["rs"], inAll: true, status: true, generation: true,
            empty: ["spec": ["template": emptyTemplate], "status": ["replicas": 0]]
        ) { kind in
            kind.scale = replicaPaths
            kind.defaults = { object in
                object.setDefault("spec", "replicas", value: 1)
                object.setDefault("status", "replicas", value: 0)
                completeTemplate(&object)
            }
            kind.validate = { WorkloadValidation.validate($0, owner: "replicaset", &$1) }
            kind.validateUpdate = WorkloadValidation.validateSelectorUpdate
            kind.columns = [
                .name, TableColumn(name: "Desired"), TableColumn(name: "Current"), TableColumn(name: "Ready"), .age,
                .wide("Containers"), .wide("Images"), .wide("Selector"),
            ]
            kind.cells = { object in
                [
                    .string(object.meta.name), .string("\(object["spec", "replicas"]?.int ?? 0)"),
                    .string("\(object["status", "replicas"]?.int ?? 0)"),
                    .string("\(object["status", "readyReplicas"]?.int ?? 0)"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ] + templateCells(object)
            }
        }
    }

    private static var daemonSet: KindDefinition {
        make(
            "apps", "v1", "DaemonSet", "daemonsets", short: ["ds"], inAll: true, status: true, generation: true,
            empty: ["spec": ["template": emptyTemplate, "updateStrategy": [:]], "status": [:]]
        ) { kind in
            kind.defaults = { object in
                object.setDefault("spec", "revisionHistoryLimit", value: 10)
                object.setDefault("spec", "updateStrategy", "type", value: "RollingUpdate")
                if object["spec", "updateStrategy", "type"] == "RollingUpdate" {
                    object.setDefault("spec", "updateStrategy", "rollingUpdate", "maxUnavailable", value: 1)
                    object.setDefault("spec", "updateStrategy", "rollingUpdate", "maxSurge", value: 0)
                }
                completeTemplate(&object)
            }
            kind.validate = { WorkloadValidation.validate($0, owner: "daemonset", &$1) }
            kind.validateUpdate = WorkloadValidation.validateSelectorUpdate
        }
    }

    static func completeTemplate(_ object: inout JSONValue) {
        guard var template = object["spec", "template"] else { return }
        PodDefaults.apply(toTemplate: &template)
        object["spec", "template"] = template
    }

    static func templateCells(_ object: JSONValue) -> [JSONValue] {
        let containers = object["spec", "template", "spec", "containers"]?.array ?? []
        func joined(_ member: String) -> JSONValue {
            .string(containers.compactMap { $0[member]?.string }.joined(separator: ","))
        }
        return [joined("name"), joined("image"), .string(LabelSelector(object["spec", "selector"])?.text ?? "")]
    }
}

/// The checks that the workload kinds share.
enum WorkloadValidation {
    /// - Parameter owner: what messages call the kind.
    static func validate(_ object: JSONValue, owner: String = "deployment", _ errors: inout [FieldError]) {
        for member in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
            if let value = object["spec", member]?.int, value < 0 {
                errors.append(.invalid("spec.\(member)", JSONValue(value), "must be greater than or equal to 0"))
            }
        }
        let labels = object["spec", "template", "metadata", "labels"] ?? [:]
        if let selector = object["spec", "selector"] {
            if selector["matchLabels"]?.isEmpty ?? true, selector["matchExpressions"]?.isEmpty ?? true {
                errors.append(.invalid("spec.selector", selector, "empty selector is invalid for \(owner)"))
            } else if let parsed = LabelSelector(selector) {
                if !parsed.matches((labels.object ?? [:]).compactMapValues(\.string)) {
                    errors.append(
                        .invalid(
                            "spec.template.metadata.labels", labels, "`selector` does not match template `labels`"))
                }
            } else {
                errors.append(.invalid("spec.selector", selector, "invalid label selector"))
            }
        }
        PodValidation.validate(
            spec: object["spec", "template", "spec"] ?? [:], path: "spec.template.spec",
            allowedRestartPolicies: ["Always"],
            claims: (object["spec", "volumeClaimTemplates"]?.array ?? []).map { $0.meta.name }, &errors)
    }

    static let validateSelectorUpdate: @Sendable (JSONValue, JSONValue, inout [FieldError]) -> Void = {
        new, old, errors in
        if new["spec", "selector"] != old["spec", "selector"] {
            errors.append(.invalid("spec.selector", new["spec", "selector"] ?? [:], "field is immutable"))
        }
    }

    static func validateStrategy(_ strategy: JSONValue, _ errors: inout [FieldError]) {
        switch strategy["type"]?.string {
        case "Recreate":
            if strategy["rollingUpdate"] != nil {
                errors.append(
                    .forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
                )
            }
        case "RollingUpdate":
            var isZero = true
            for member in ["maxUnavailable", "maxSurge"] {
                let value = strategy["rollingUpdate", member] ?? 0
                let path = "spec.strategy.rollingUpdate.\(member)"
                if let number = value.int {
                    if number < 0 { errors.append(.invalid(path, value, "must be greater than or equal to 0")) }
                    if number != 0 { isZero = false }
                } else if let text = value.string {
                    guard text.hasSuffix("%"), let percent = Int(text.dropLast()), percent >= 0 else {
                        errors.append(
                            .invalid(
                                path, value,
                                "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
                                    + "'93%', regex used for validation is '[0-9]+%')"))
                        continue
                    }
                    if percent != 0 { isZero = false }
                }
            }
            if isZero {
                errors.append(
                    .invalid(
                        "spec.strategy.rollingUpdate.maxUnavailable",
                        strategy["rollingUpdate", "maxUnavailable"] ?? 0, "may not be 0 when `maxSurge` is 0"))
            }
        default:
            errors.append(
                .notSupported("spec.strategy.type", strategy["type"] ?? "", ["Recreate", "RollingUpdate"]))
        }
    }
}
