import K8sClient

extension BuiltInKinds {
    static let autoscaling: [KindDefinition] = [horizontalPodAutoscaler, olderHorizontalPodAutoscaler]

    /// The first version, which older clients speak: it knows one metric, the share of the CPU. What else an autoscaler
    /// has stands in annotations there.
    private static var olderHorizontalPodAutoscaler: KindDefinition {
        var kind = KindDefinition(
            "autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", namespaced: true,
            schema: BuiltInTypes.object("HorizontalPodAutoscalerV1"))
        kind.shortNames = ["hpa"]
        kind.categories = ["all"]
        kind.hasStatus = true
        kind.countsGenerations = true
        kind.emptyObject = ["spec": ["scaleTargetRef": [:]], "status": ["desiredReplicas": 0, "currentReplicas": 0]]
        kind.storageAPIVersion = "autoscaling/v2"
        let newer = horizontalPodAutoscaler
        kind.columns = newer.columns
        kind.cells = { newer.cells(OlderAutoscaler.toStorage($0)) }
        kind.conversion = KindDefinition.Conversion(
            fromStorage: { $0 = OlderAutoscaler.fromStorage($0) }, toStorage: { $0 = OlderAutoscaler.toStorage($0) })
        kind.defaults = { object in
            object.setDefault("spec", "minReplicas", value: 1)
            for member in ["currentReplicas", "desiredReplicas"] { object.setDefault("status", member, value: 0) }
        }
        kind.validate = { object, errors in
            AutoscalerValidation.validate(OlderAutoscaler.toStorage(object), &errors)
        }
        return kind
    }

    private static var horizontalPodAutoscaler: KindDefinition {
        make(
            "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short: ["hpa"], inAll: true,
            status: true, generation: true,
            empty: ["spec": ["scaleTargetRef": [:]], "status": ["desiredReplicas": 0]]
        ) { kind in
            kind.defaults = complete(autoscaler:)
            kind.validate = AutoscalerValidation.validate
            kind.columns = [
                .name, TableColumn(name: "Reference"), TableColumn(name: "Targets"), TableColumn(name: "MinPods"),
                TableColumn(name: "MaxPods", type: "integer"), TableColumn(name: "Replicas", type: "integer"), .age,
            ]
            kind.cells = { object in
                let target = object["spec", "scaleTargetRef"] ?? [:]
                return [
                    .string(object.meta.name),
                    .string("\(target["kind"]?.string ?? "")/\(target["name"]?.string ?? "")"),
                    .string(targets(of: object)), .string("\(object["spec", "minReplicas"]?.int ?? 1)"),
                    JSONValue(object["spec", "maxReplicas"]?.int ?? 0),
                    JSONValue(object["status", "currentReplicas"]?.int ?? 0),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static func complete(autoscaler object: inout JSONValue) {
        object.setDefault("spec", "minReplicas", value: 1)
        object.setDefault("status", "desiredReplicas", value: 0)
        if object["spec", "metrics"]?.isEmpty ?? true {
            object["spec", "metrics"] = [
                [
                    "type": "Resource",
                    "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]],
                ]
            ]
        }
        guard object["spec", "behavior"] != nil else { return }
        let percent: JSONValue = ["type": "Percent", "value": 100, "periodSeconds": 15]
        object.setDefault("spec", "behavior", "scaleUp", "stabilizationWindowSeconds", value: 0)
        object.setDefault(
            "spec", "behavior", "scaleUp", "policies",
            value: [["type": "Pods", "value": 4, "periodSeconds": 15], percent])
        object.setDefault("spec", "behavior", "scaleDown", "policies", value: [percent])
        for direction in ["scaleUp", "scaleDown"] {
            object.setDefault("spec", "behavior", direction, "selectPolicy", value: "Max")
        }
    }

    /// The column TARGETS: what was measured, which is nothing here, and what is aimed at.
    private static func targets(of autoscaler: JSONValue) -> String {
        let metrics = autoscaler["spec", "metrics"]?.array ?? []
        guard !metrics.isEmpty else { return "<none>" }
        let texts = metrics.prefix(2).map { metric -> String in
            let source = AutoscalerMetric(metric)
            let target = source.target
            let aim =
                if let percent = target["averageUtilization"]?.int {
                    "\(percent)%"
                } else {
                    target["averageValue"]?.string.map { source.type == "Resource" ? $0 : "\($0) (avg)" }
                        ?? target["value"]?.string ?? "<auto>"
                }
            switch source.type {
            case "Resource": return "\(source.name): <unknown>/\(aim)"
            default: return "<unknown>/\(aim)"
            }
        }
        let more = metrics.count > 2 ? " + \(metrics.count - 2) more..." : ""
        return texts.joined(separator: ", ") + more
    }
}

/// One entry of an autoscaler's `spec.metrics`.
struct AutoscalerMetric {
    /// `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    let type: String
    /// The member that describes a metric of this type; empty when it is missing.
    let source: JSONValue

    static let members = [
        "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
        "Resource": "resource",
    ]

    init(_ metric: JSONValue) {
        type = metric["type"]?.string ?? ""
        source = Self.members[type].flatMap { metric[$0] } ?? [:]
    }

    var target: JSONValue { source["target"] ?? [:] }
    /// The resource's or the metric's name.
    var name: String { source["name"]?.string ?? source["metric", "name"]?.string ?? "" }
}

/// `autoscaling/v1` from and to the form in which autoscalers are stored.
private enum OlderAutoscaler {
    private static let metrics = "autoscaling.alpha.kubernetes.io/metrics"
    private static let behavior = "autoscaling.alpha.kubernetes.io/behavior"
    private static let conditions = "autoscaling.alpha.kubernetes.io/conditions"

    private static func isCPU(_ metric: JSONValue) -> Bool {
        let source = AutoscalerMetric(metric)
        return source.type == "Resource" && source.name == "cpu" && source.target["averageUtilization"] != nil
    }

    static func fromStorage(_ stored: JSONValue) -> JSONValue {
        var object = stored
        let all = stored["spec", "metrics"]?.array ?? []
        let cpu = all.first(where: isCPU)
        object["spec", "metrics"] = nil
        object["spec", "behavior"] = nil
        object["status", "conditions"] = nil
        object["status", "currentMetrics"] = nil
        object.setDefault("status", "currentReplicas", value: 0)
        if let cpu {
            object["spec", "targetCPUUtilizationPercentage"] = AutoscalerMetric(cpu).target["averageUtilization"]
        }
        let others = all.filter { $0 != cpu }
        for (name, value) in [
            (metrics, JSONValue.nonEmpty(others)), (behavior, stored["spec", "behavior"]),
            (conditions, stored["status", "conditions"]),
        ] {
            if let value { object["metadata", "annotations", name] = .string(value.jsonText) }
        }
        return object
    }

    static func toStorage(_ object: JSONValue) -> JSONValue {
        var stored = object
        func annotated(_ name: String) -> JSONValue? {
            // What is not JSON was not written by this server: it stays an annotation.
            object.meta.annotations[name].flatMap { try? JSONValue(parsing: Array($0.utf8)) }
        }
        var all = annotated(metrics)?.array ?? []
        let percent = object["spec", "targetCPUUtilizationPercentage"] ?? (all.isEmpty ? 80 : nil)
        if let percent {
            all.insert(
                [
                    "type": "Resource",
                    "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": percent]],
                ], at: 0)
        }
        stored["spec", "targetCPUUtilizationPercentage"] = nil
        stored["spec", "metrics"] = .array(all)
        if let value = annotated(behavior) { stored["spec", "behavior"] = value }
        if let value = annotated(conditions) { stored["status", "conditions"] = value }
        if stored["status", "currentReplicas"] == 0 { stored["status", "currentReplicas"] = nil }
        for name in [metrics, behavior, conditions] where annotated(name) != nil {
            stored["metadata", "annotations", name] = nil
        }
        if stored["metadata", "annotations"]?.isEmpty == true { stored["metadata", "annotations"] = nil }
        return stored
    }
}

/// The checks of HorizontalPodAutoscalers.
enum AutoscalerValidation {
    @Sendable static func validate(_ object: JSONValue, _ errors: inout [FieldError]) {
        let spec = object["spec"] ?? [:]
        let least = spec["minReplicas"]?.int ?? 1
        let most = spec["maxReplicas"]?.int ?? 0
        if least < 1 {
            errors.append(.invalid("spec.minReplicas", JSONValue(least), "must be greater than or equal to 1"))
        }
        if most < 1 {
            errors.append(.invalid("spec.maxReplicas", JSONValue(most), "must be greater than 0"))
        } else if most < least {
            errors.append(
                .invalid("spec.maxReplicas", JSONValue(most), "must be greater than or equal to `minReplicas`"))
        }
        for (index, metric) in (spec["metrics"]?.array ?? []).enumerated() {
            validate(metric: metric, path: "spec.metrics[\(index)]", &errors)
        }
        for direction in ["scaleUp", "scaleDown"] {
            guard let rules = spec["behavior", direction] else { continue }
            validate(rules: rules, path: "spec.behavior.\(direction)", &errors)
        }
    }

    private static func validate(metric: JSONValue, path: String, _ errors: inout [FieldError]) {
        let type = metric["type"]?.string ?? ""
        let types = AutoscalerMetric.members.keys.sorted()
        if type.isEmpty { return }  // reported as missing already
        guard let member = AutoscalerMetric.members[type] else {
            errors.append(.notSupported("\(path).type", .string(type), types))
            return
        }
        guard metric[member] != nil else {
            errors.append(
                .required("\(path).\(member)", "must populate information for the given metric source"))
            return
        }
        for other in AutoscalerMetric.members.values.sorted() where other != member && metric[other] != nil {
            errors.append(
                .forbidden("\(path).\(other)", "must populate the given metric source only"))
        }
        let target = AutoscalerMetric(metric).target
        let place = "\(path).\(member).target"
        let targetTypes = ["Utilization", "Value", "AverageValue"]
        if let kind = target["type"]?.string, !kind.isEmpty, !targetTypes.contains(kind) {
            errors.append(
                .invalid("\(place).type", .string(kind), "must be either Utilization, Value, or AverageValue"))
        }
        if let percent = target["averageUtilization"]?.int, percent < 1 {
            errors.append(.invalid("\(place).averageUtilization", JSONValue(percent), "must be greater than 0"))
        }
        for name in ["value", "averageValue"] {
            if let text = target[name]?.string, let amount = Quantity(text), amount.value <= 0 {
                errors.append(.invalid("\(place).\(name)", .string(text), "must be positive"))
            }
        }
        let hasUtilization = target["averageUtilization"] != nil
        let hasAverage = target["averageValue"] != nil
        switch type {
        case "Resource", "ContainerResource":
            if !hasUtilization, !hasAverage {
                errors.append(
                    .required(
                        "\(place).averageUtilization", "must set either a target raw value or a target utilization"))
            } else if hasUtilization, hasAverage {
                errors.append(
                    .forbidden(
                        "\(place).averageValue", "may not set both a target raw value and a target utilization"))
            }
        case "Pods":
            if !hasAverage {
                errors.append(.required("\(place).averageValue", "must specify a positive target averageValue"))
            }
        default:
            if !hasAverage, target["value"] == nil {
                errors.append(
                    .required("\(place).averageValue", "must set either a target value or averageValue"))
            }
        }
    }

    private static func validate(rules: JSONValue, path: String, _ errors: inout [FieldError]) {
        if let seconds = rules["stabilizationWindowSeconds"]?.int, !(0...3600).contains(seconds) {
            let problem = seconds < 0 ? "must be greater than or equal to zero" : "must be less than or equal to 3600"
            errors.append(.invalid("\(path).stabilizationWindowSeconds", JSONValue(seconds), problem))
        }
        let choices = ["Disabled", "Max", "Min"]
        if let choice = rules["selectPolicy"], !choices.contains(choice.string ?? "") {
            errors.append(.notSupported("\(path).selectPolicy", choice, choices))
        }
        for (index, policy) in (rules["policies"]?.array ?? []).enumerated() {
            let place = "\(path).policies[\(index)]"
            let types = ["Percent", "Pods"]
            if !types.contains(policy["type"]?.string ?? "") {
                errors.append(.notSupported("\(place).type", policy["type"] ?? "", types))
            }
            let value = policy["value"]?.int ?? 0
            if value <= 0 { errors.append(.invalid("\(place).value", JSONValue(value), "must be greater than zero")) }
            let period = policy["periodSeconds"]?.int ?? 0
            if period <= 0 {
                errors.append(.invalid("\(place).periodSeconds", JSONValue(period), "must be greater than zero"))
            } else if period > 1800 {
                errors.append(
                    .invalid("\(place).periodSeconds", JSONValue(period), "must be less than or equal to 1800"))
            }
        }
    }
}
