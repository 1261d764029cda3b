import K8sClient

/// A PodDisruptionBudget's status, from the pods that it selects; pure.
struct DisruptionPlan {
    /// How long an evicted pod is expected to vanish in; one that has not by then counts again.
    static let evictionTimeout = 120

    private let budget: JSONValue
    private let healthy: Int
    private let desired: Int
    private let expected: Int
    private let disrupted: [String: JSONValue]
    /// Seconds until an eviction that was granted is taken for failed.
    let again: Int?

    /// - Parameters:
    ///   - pods: those that the budget selects.
    ///   - scale: how many pods their controllers ask for, all together.
    init(_ budget: JSONValue, pods: [JSONValue], scale: Int, now: KubernetesTime) {
        self.budget = budget
        let spec = budget["spec"] ?? [:]
        if let value = spec["maxUnavailable"] {
            expected = scale
            desired = max(0, scale - (value.count(of: scale, roundingUp: true) ?? 0))
        } else if let value = spec["minAvailable"] {
            expected = value.int == nil ? scale : pods.count
            desired = value.count(of: scale, roundingUp: true) ?? 0
        } else {
            (expected, desired) = (pods.count, 1)
        }
        var disrupted: [String: JSONValue] = [:]
        var again: Int?
        let present = Dictionary(pods.map { ($0.meta.name, $0) }, uniquingKeysWith: { first, _ in first })
        for (name, time) in budget["status", "disruptedPods"]?.object ?? [:] {
            guard let pod = present[name], !pod.meta.isDeleting,
                let since = time.string.flatMap(KubernetesTime.init)
            else { continue }
            let left = since + Self.evictionTimeout - now
            if left <= 0 { continue }
            disrupted[name] = time
            again = min(again ?? left, left)
        }
        self.disrupted = disrupted
        self.again = again
        healthy = pods.count { !$0.meta.isDeleting && disrupted[$0.meta.name] == nil && $0.isTrue("Ready") }
    }

    private var allowed: Int { expected <= 0 ? 0 : max(0, healthy - desired) }

    func status(now: KubernetesTime) -> JSONValue {
        var conditions = Conditions(budget)
        conditions.setDisruptionAllowed(allowed > 0, generation: budget.meta.generation, now: now)
        var status: JSONValue = [
            "currentHealthy": JSONValue(healthy), "desiredHealthy": JSONValue(desired),
            "disruptionsAllowed": JSONValue(allowed), "expectedPods": JSONValue(expected),
            "observedGeneration": JSONValue(budget.meta.generation), "conditions": .array(conditions.items),
        ]
        if !disrupted.isEmpty { status["disruptedPods"] = .object(disrupted) }
        return status
    }
}

extension Conditions {
    /// What a budget says about whether a pod may be evicted now.
    mutating func setDisruptionAllowed(_ isAllowed: Bool, generation: Int, now: KubernetesTime) {
        set(
            "DisruptionAllowed", isAllowed ? "True" : "False",
            reason: isAllowed ? "SufficientPods" : "InsufficientPods", message: "", now: now,
            more: ["observedGeneration": JSONValue(generation)])
    }
}
