import K8sClient

/// A pod's `status`, from what its containers are doing; pure.
struct PodStatus {
    let pod: JSONValue
    let initRecords: [ContainerRecord]
    let records: [ContainerRecord]
    let podIP: String?
    let started: KubernetesTime
    /// Why the node itself ended the pod (`DeadlineExceeded`), which makes it fail.
    var failure: (reason: String, message: String)?

    private var policy: RestartPolicy {
        RestartPolicy(rawValue: pod["spec", "restartPolicy"]?.string ?? "") ?? .always
    }

    /// The init containers that run beside the others (`restartPolicy: Always`).
    private var sidecars: Set<String> {
        Set(
            pod.items("spec", "initContainers").filter { $0["restartPolicy"]?.string == "Always" }
                .compactMap { $0["name"]?.string })
    }

    private var isInitialized: Bool {
        let sidecars = sidecars
        return initRecords.allSatisfy { sidecars.contains($0.name) ? $0.isStarted : $0.termination?.exitCode == 0 }
    }

    var phase: String {
        if failure != nil { return "Failed" }
        if !isInitialized {
            let hasFailed = initRecords.contains { ($0.termination?.exitCode ?? 0) != 0 }
            // A sidecar that stopped with its pod leaves the pod uninitialised; its end is decided below.
            let isOver = records.allSatisfy { $0.termination != nil } && !records.isEmpty
            if !isOver { return hasFailed && policy == .never ? "Failed" : "Pending" }
        }
        var running = 0
        var waiting = 0
        var stopped = 0
        var succeeded = 0
        for record in records {
            switch record.state {
            case .running: running += 1
            case .terminated(let termination):
                stopped += 1
                if termination.exitCode == 0 { succeeded += 1 }
            case .waiting: if record.last == nil { waiting += 1 } else { stopped += 1 }
            }
        }
        if waiting > 0 { return "Pending" }
        if running > 0 || policy == .always { return "Running" }
        if stopped == succeeded { return "Succeeded" }
        return policy == .never ? "Failed" : "Running"
    }

    func status(now: KubernetesTime) -> JSONValue {
        let phase = phase
        var conditions = Conditions(pod)
        let probe: [String: JSONValue] = ["lastProbeTime": .null]
        func set(_ type: String, _ isTrue: Bool, _ reason: String? = nil, _ message: String? = nil) {
            conditions.set(
                type, isTrue ? "True" : "False", reason: isTrue && phase != "Succeeded" ? nil : reason,
                message: isTrue ? nil : message, now: now, more: probe)
        }
        let isOver = phase == "Succeeded" || phase == "Failed"
        set("PodReadyToStartContainers", podIP != nil && !isOver)
        let incomplete = initRecords.filter { $0.termination?.exitCode != 0 && !$0.isStarted }.map(\.name)
        set(
            "Initialized", isInitialized || phase == "Succeeded",
            phase == "Succeeded" ? "PodCompleted" : "ContainersNotInitialized",
            "containers with incomplete status: [\(incomplete.joined(separator: " "))]")
        let unready = records.filter { !$0.isReady }.map(\.name)
        let areReady = unready.isEmpty && isInitialized && !isOver
        let reason =
            phase == "Succeeded" ? "PodCompleted" : phase == "Failed" ? "PodFailed" : "ContainersNotReady"
        let message = "containers with unready status: [\(unready.joined(separator: " "))]"
        set("ContainersReady", areReady, reason, phase == "Succeeded" ? nil : message)
        let gates = pod.items("spec", "readinessGates").compactMap { $0["conditionType"]?.string }
        let closed = gates.filter { !pod.isTrue($0) }
        if areReady, !closed.isEmpty {
            set(
                "Ready", false, "ReadinessGatesNotReady",
                "the status of pod readiness gate \"\(closed[0])\" is not \"True\", but False")
        } else {
            set("Ready", areReady, reason, phase == "Succeeded" ? nil : message)
        }
        set("PodScheduled", true)
        var status: [String: JSONValue] = [
            "phase": .string(phase), "conditions": .array(conditions.items), "hostIP": .string(NodeObject.address),
            "hostIPs": [["ip": .string(NodeObject.address)]], "startTime": .string(started.description),
            "qosClass": .string(Self.quality(pod)), "containerStatuses": .array(records.map(\.json)),
        ]
        if pod.meta.generation > 0 { status["observedGeneration"] = JSONValue(pod.meta.generation) }
        if !initRecords.isEmpty { status["initContainerStatuses"] = .array(initRecords.map(\.json)) }
        if let podIP {
            status["podIP"] = .string(podIP)
            status["podIPs"] = [["ip": .string(podIP)]]
        }
        if let failure {
            status["reason"] = .string(failure.reason)
            status["message"] = .string(failure.message)
        }
        return .object(status)
    }

    /// The quality-of-service class that the containers' requests and limits make.
    static func quality(_ pod: JSONValue) -> String {
        let containers = pod.items("spec", "containers") + pod.items("spec", "initContainers")
        func amounts(_ container: JSONValue, _ kind: String) -> [String: JSONValue] {
            (container["resources", kind]?.object ?? [:]).filter { ["cpu", "memory"].contains($0.key) }
        }
        if containers.allSatisfy({ amounts($0, "limits").isEmpty && amounts($0, "requests").isEmpty }) {
            return "BestEffort"
        }
        let isGuaranteed = containers.allSatisfy { container in
            let limits = amounts(container, "limits")
            let requests = amounts(container, "requests")
            return limits.count == 2 && requests.allSatisfy { limits[$0.key] == $0.value }
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }
}
