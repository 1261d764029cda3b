import K8sClient

extension BuiltInKinds {
    static var podDisruptionBudget: KindDefinition {
        make(
            "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short: ["pdb"], status: true,
            generation: true,
            empty: [
                "spec": [:],
                "status": ["currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0],
            ]
        ) { kind in
            kind.validate = validate(budget:_:)
            kind.columns = [
                .name, TableColumn(name: "Min Available"), TableColumn(name: "Max Unavailable"),
                TableColumn(name: "Allowed Disruptions", type: "integer"), .age,
            ]
            kind.cells = { object in
                func text(_ value: JSONValue?) -> JSONValue { .string(value.map { $0.string ?? $0.jsonText } ?? "N/A") }
                return [
                    .string(object.meta.name), text(object["spec", "minAvailable"]),
                    text(object["spec", "maxUnavailable"]), JSONValue(object["status", "disruptionsAllowed"]?.int ?? 0),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static func validate(budget object: JSONValue, _ errors: inout [FieldError]) {
        let spec = object["spec"] ?? [:]
        if spec["minAvailable"] != nil, spec["maxUnavailable"] != nil {
            errors.append(.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
        }
        for member in ["minAvailable", "maxUnavailable"] {
            guard let value = spec[member] else { continue }
            let path = "spec.\(member)"
            if let number = value.int {
                if number < 0 { errors.append(.invalid(path, value, "must be greater than or equal to 0")) }
                continue
            }
            let text = value.string ?? ""
            guard text.hasSuffix("%"), let percent = Int(text.dropLast()), percent >= 0 else {
                errors.append(
                    .invalid(
                        path, value,
                        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
                            + "'93%', regex used for validation is '[0-9]+%')"))
                continue
            }
            if percent > 100 { errors.append(.invalid(path, value, "must not be greater than 100%")) }
        }
        if let selector = spec["selector"], LabelSelector(selector) == nil {
            errors.append(.invalid("spec.selector", selector, "invalid label selector"))
        }
        let policies = ["AlwaysAllow", "IfHealthyBudget"]
        if let policy = spec["unhealthyPodEvictionPolicy"], !policies.contains(policy.string ?? "") {
            errors.append(.notSupported("spec.unhealthyPodEvictionPolicy", policy, policies))
        }
    }
}
