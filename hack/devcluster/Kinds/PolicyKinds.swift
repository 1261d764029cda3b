import K8sClient

extension BuiltInKinds {
    static let policy: [KindDefinition] = [podDisruptionBudget, storageClass, priorityClass, lease]

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
