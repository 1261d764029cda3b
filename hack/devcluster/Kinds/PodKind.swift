import K8sClient

extension BuiltInKinds {
    static var pod: KindDefinition {
        make(
            "", "v1", "Pod", "pods", short: ["po"], inAll: true, status: true, generation: true,
            empty: ["spec": [:], "status": [:]]
        ) { kind in
            kind.selectableFields = [
                "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP",
            ]
            kind.defaults = { object in
                var spec = object["spec"] ?? [:]
                PodDefaults.apply(toSpec: &spec)
                spec.setDefault("enableServiceLinks", value: true)
                object["spec"] = spec
            }
            kind.prepareForCreate = { object in
                object["status"] = ["phase": "Pending", "qosClass": .string(qualityOfService(object))]
            }
            kind.validate = { object, errors in
                PodValidation.validate(
                    spec: object["spec"] ?? [:], path: "spec",
                    allowedRestartPolicies: ["Always", "Never", "OnFailure"],
                    &errors)
            }
            kind.validateUpdate = { new, old, errors in
                if stable(new) != stable(old) {
                    errors.append(
                        .forbidden(
                            "spec",
                            "pod updates may not change fields other than `spec.containers[*].image`,"
                                + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
                                + "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to "
                                + "be set to 1 if it was previously negative)"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Ready"), TableColumn(name: "Status"), TableColumn(name: "Restarts"), .age,
                .wide("IP"), .wide("Node"), .wide("Nominated Node"), .wide("Readiness Gates"),
            ]
            kind.cells = PodTable.cells
        }
    }

    /// A pod's spec without what may change while it lives.
    private static func stable(_ pod: JSONValue) -> JSONValue {
        var spec = pod["spec"] ?? [:]
        for member in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "ephemeralContainers"] {
            spec[member] = nil
        }
        // The node's binding is written as a plain update here.
        spec["nodeName"] = nil
        for list in ["containers", "initContainers"] { spec.updateEach(list) { $0["image"] = nil } }
        return spec
    }

    private static func qualityOfService(_ pod: JSONValue) -> String {
        let resources = (pod["spec", "containers"]?.array ?? []).map { $0["resources"] ?? [:] }
        if resources.allSatisfy({ $0["requests"] == nil && $0["limits"] == nil }) { return "BestEffort" }
        let isGuaranteed = resources.allSatisfy { resource in
            ["cpu", "memory"].allSatisfy { name in
                resource["limits", name] != nil && resource["limits", name] == resource["requests", name]
            }
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }
}

/// A pod's line in `kubectl get pods`.
enum PodTable {
    static let cells: @Sendable (JSONValue) -> [JSONValue] = { pod in
        let statuses = pod["status", "containerStatuses"]?.array ?? []
        let ready = statuses.count { $0["ready"]?.bool == true }
        let total = pod["spec", "containers"]?.array?.count ?? 0
        let restarts = statuses.reduce(0) { $0 + ($1["restartCount"]?.int ?? 0) }
        let gates = pod["spec", "readinessGates"]?.array ?? []
        return [
            .string(pod.meta.name), .string("\(ready)/\(total)"), .string(status(pod, statuses)),
            .string("\(restarts)" + lastRestart(statuses)), HumanDuration.age(pod.meta.creationTimestamp),
            pod["status", "podIP"] ?? "<none>", pod["spec", "nodeName"] ?? "<none>",
            pod["status", "nominatedNodeName"] ?? "<none>", .string(gates.isEmpty ? "<none>" : "0/\(gates.count)"),
        ]
    }

    private static func lastRestart(_ statuses: [JSONValue]) -> String {
        let times = statuses.compactMap { $0["lastState", "terminated", "finishedAt"]?.string }
        guard let last = times.max(), case .string(let age) = HumanDuration.age(last) else { return "" }
        return statuses.contains { ($0["restartCount"]?.int ?? 0) > 0 } ? " (\(age) ago)" : ""
    }

    private static func status(_ pod: JSONValue, _ statuses: [JSONValue]) -> String {
        var text = pod["status", "reason"]?.string ?? pod["status", "phase"]?.string ?? "Unknown"
        var hasRunning = false
        for status in statuses.reversed() {
            if let reason = status["state", "waiting", "reason"]?.string, !reason.isEmpty {
                text = reason
            } else if let terminated = status["state", "terminated"] {
                if let reason = terminated["reason"]?.string, !reason.isEmpty {
                    text = reason
                } else if let signal = terminated["signal"]?.int, signal != 0 {
                    text = "Signal:\(signal)"
                } else {
                    text = "ExitCode:\(terminated["exitCode"]?.int ?? 0)"
                }
            } else if status["ready"]?.bool == true, status["state", "running"] != nil {
                hasRunning = true
            }
        }
        if text == "Completed", hasRunning { text = "Running" }
        for (index, status) in (pod["status", "initContainerStatuses"]?.array ?? []).enumerated() {
            if status["state", "terminated", "exitCode"]?.int == 0 { continue }
            let total = pod["spec", "initContainers"]?.array?.count ?? 0
            if let terminated = status["state", "terminated"] {
                text = "Init:\(terminated["reason"]?.string ?? "ExitCode:\(terminated["exitCode"]?.int ?? 0)")"
            } else if let reason = status["state", "waiting", "reason"]?.string, reason != "PodInitializing" {
                text = "Init:\(reason)"
            } else {
                text = "Init:\(index)/\(total)"
            }
            break
        }
        return pod.meta.deletionTimestamp == nil ? text : "Terminating"
    }
}
