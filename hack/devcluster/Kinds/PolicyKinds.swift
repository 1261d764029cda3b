import K8sClient

extension BuiltInKinds {
    static let policy: [KindDefinition] = [podDisruptionBudget, storageClass, priorityClass, lease]
    static let autoscaling: [KindDefinition] = [horizontalPodAutoscaler]

    private static var podDisruptionBudget: KindDefinition {
        make(
            "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short: ["pdb"], status: true,
            generation: true,
            empty: [
                "spec": [:],
                "status": ["currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0],
            ]
        ) { kind in
            kind.validate = { object, errors in
                if object["spec", "minAvailable"] != nil, object["spec", "maxUnavailable"] != nil {
                    errors.append(
                        .invalid(
                            "spec", object["spec"] ?? [:], "minAvailable and maxUnavailable cannot be both set"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Min Available"), TableColumn(name: "Max Unavailable"),
                TableColumn(name: "Allowed Disruptions"), .age,
            ]
            kind.cells = { object in
                func text(_ value: JSONValue?) -> JSONValue { .string(value.map { $0.string ?? $0.jsonText } ?? "N/A") }
                return [
                    .string(object.meta.name), text(object["spec", "minAvailable"]),
                    text(object["spec", "maxUnavailable"]),
                    .string("\(object["status", "disruptionsAllowed"]?.int ?? 0)"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static var horizontalPodAutoscaler: KindDefinition {
        make(
            "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short: ["hpa"], inAll: true,
            status: true, generation: true, empty: ["spec": ["scaleTargetRef": [:]], "status": ["desiredReplicas": 0]]
        ) { kind in
            kind.defaults = { object in
                object.setDefault("spec", "minReplicas", value: 1)
                object.setDefault("status", "desiredReplicas", value: 0)
                if object["spec", "metrics"] == nil {
                    object["spec", "metrics"] = [
                        [
                            "type": "Resource",
                            "resource": [
                                "name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80],
                            ],
                        ]
                    ]
                }
            }
            kind.validate = { object, errors in
                let least = object["spec", "minReplicas"]?.int ?? 1
                let most = object["spec", "maxReplicas"]?.int ?? 0
                if least < 1 {
                    errors.append(
                        .invalid("spec.minReplicas", JSONValue(least), "must be greater than or equal to 1"))
                }
                if most < 1 {
                    errors.append(.invalid("spec.maxReplicas", JSONValue(most), "must be greater than 0"))
                } else if most < least {
                    errors.append(
                        .invalid(
                            "spec.maxReplicas", JSONValue(most), "must be greater than or equal to `minReplicas`"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Reference"), TableColumn(name: "Targets"), TableColumn(name: "MinPods"),
                TableColumn(name: "MaxPods"), TableColumn(name: "Replicas"), .age,
            ]
            kind.cells = { object in
                let target = object["spec", "scaleTargetRef"] ?? [:]
                return [
                    .string(object.meta.name),
                    .string("\(target["kind"]?.string ?? "")/\(target["name"]?.string ?? "")"), "<unknown>",
                    .string("\(object["spec", "minReplicas"]?.int ?? 1)"),
                    .string("\(object["spec", "maxReplicas"]?.int ?? 0)"),
                    .string("\(object["status", "currentReplicas"]?.int ?? 0)"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static var storageClass: KindDefinition {
        make("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced: false, short: ["sc"]) { kind in
            kind.defaults = { object in
                object.setDefault("reclaimPolicy", value: "Delete")
                object.setDefault("volumeBindingMode", value: "Immediate")
            }
            kind.validate = { object, errors in
                if object["provisioner"]?.string?.isEmpty ?? true { errors.append(.required("provisioner")) }
            }
            kind.validateUpdate = { new, old, errors in
                for member in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]
                where new[member] != old[member] {
                    errors.append(.forbidden(member, "updates to \(member) are forbidden."))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Provisioner"), TableColumn(name: "ReclaimPolicy"),
                TableColumn(name: "VolumeBindingMode"), TableColumn(name: "AllowVolumeExpansion"), .age,
            ]
            kind.cells = { object in
                [
                    .string(object.meta.name), object["provisioner"] ?? "", object["reclaimPolicy"] ?? "",
                    object["volumeBindingMode"] ?? "",
                    .string(object["allowVolumeExpansion"]?.bool == true ? "true" : "false"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static var priorityClass: KindDefinition {
        make("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", namespaced: false, short: ["pc"]) { kind in
            kind.defaults = { $0.setDefault("preemptionPolicy", value: "PreemptLowerPriority") }
        }
    }

    private static var lease: KindDefinition {
        make("coordination.k8s.io", "v1", "Lease", "leases", empty: ["spec": [:]]) { kind in
            kind.columns = [.name, TableColumn(name: "Holder"), .age]
            kind.cells = {
                [
                    .string($0.meta.name), $0["spec", "holderIdentity"] ?? "",
                    HumanDuration.age($0.meta.creationTimestamp),
                ]
            }
            kind.validate = { object, errors in
                if let seconds = object["spec", "leaseDurationSeconds"]?.int, seconds <= 0 {
                    errors.append(
                        .invalid("spec.leaseDurationSeconds", JSONValue(seconds), "must be greater than 0"))
                }
                if let transitions = object["spec", "leaseTransitions"]?.int, transitions < 0 {
                    errors.append(
                        .invalid(
                            "spec.leaseTransitions", JSONValue(transitions), "must be greater than or equal to 0"))
                }
            }
        }
    }
}
