import K8sClient

/// `pods/eviction`: a deletion that a PodDisruptionBudget may refuse.
extension ResourceHandler {
    func evict(_ name: String) throws(StatusError) -> APIAnswer {
        let eviction = try body.optionalObject() ?? [:]
        let options = eviction["deleteOptions"] ?? [:]
        if let given = eviction["metadata", "name"]?.string, !given.isEmpty, given != name {
            throw .badRequest("name in URL does not match name in Eviction object: \(quoted(name)) vs \(quoted(given))")
        }
        let pod = try registry.get(kind, namespace: resource.namespace, name: name)
        let inBody = options["dryRun"]?.array?.contains("All") ?? false
        let isDryRun = try writeOptions("CreateOptions").isDryRun || inBody
        if let budget = try budget(of: pod) { try spend(budget, on: pod, isDryRun: isDryRun) }
        var deletion = Deletion()
        deletion.gracePeriodSeconds = options["gracePeriodSeconds"]?.int
        deletion.propagation = options["propagationPolicy"]?.string.flatMap(Deletion.Propagation.init)
        deletion.uid = options["preconditions", "uid"]?.string ?? pod.meta.uid
        if !isDryRun { try mark(pod) }
        _ = try registry.delete(
            kind, namespace: resource.namespace, name: name, deletion,
            resourceVersion: options["preconditions", "resourceVersion"]?.string, isDryRun: isDryRun)
        return .json(
            ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)
    }

    /// The budget that decides about a pod; nil when none does, or none needs to: a pod that serves nobody.
    private func budget(of pod: JSONValue) throws(StatusError) -> JSONValue? {
        if pod.meta.isDeleting || ["Pending", "Succeeded", "Failed"].contains(pod["status", "phase"]?.string) {
            return nil
        }
        var found: [JSONValue] = []
        for stored in registry.store.list(.podDisruptionBudgets, Selection(namespace: resource.namespace)).objects {
            let budget = try stored.decoded()
            if LabelSelector(budget["spec", "selector"])?.matches(pod.meta.labels) == true { found.append(budget) }
        }
        guard found.count < 2 else {
            throw .internalError(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        return found.first
    }

    /// Takes one disruption off a budget.
    /// - Throws: 429 when it has none left.
    private func spend(_ found: JSONValue, on pod: JSONValue, isDryRun: Bool) throws(StatusError) {
        let name = found.meta.name
        if !pod.isTrue("Ready") {
            // One that is not ready anyway costs the budget nothing.
            if found["spec", "unhealthyPodEvictionPolicy"] == "AlwaysAllow" { return }
            let desired = found["status", "desiredHealthy"]?.int ?? 0
            if desired > 0, found["status", "currentHealthy"]?.int ?? 0 >= desired { return }
        }
        var refusal: StatusError?
        func check(_ budget: JSONValue) {
            let status = budget["status"] ?? [:]
            if (status["observedGeneration"]?.int ?? 0) < budget.meta.generation {
                refusal = Self.refusal(
                    "The disruption budget \(name) is still being processed by the server.", retryAfter: 10)
            } else if (status["disruptionsAllowed"]?.int ?? 0) <= 0 {
                refusal = Self.refusal(
                    "The disruption budget \(name) needs \(status["desiredHealthy"]?.int ?? 0) healthy pods and has "
                        + "\(status["currentHealthy"]?.int ?? 0) currently", retryAfter: nil)
            } else {
                refusal = nil
            }
        }
        check(found)
        if refusal == nil, !isDryRun {
            try registry.update(
                .podDisruptionBudgets, namespace: resource.namespace, name: name, subresource: "status",
                manager: "kube-apiserver"
            ) { budget in
                check(budget)
                if refusal != nil { return }
                let left = (budget["status", "disruptionsAllowed"]?.int ?? 1) - 1
                budget["status", "disruptionsAllowed"] = JSONValue(left)
                budget["status", "disruptedPods", pod.meta.name] = .string(Timestamp.now())
                var conditions = Conditions(budget)
                conditions.setDisruptionAllowed(left > 0, generation: budget.meta.generation, now: .now)
                budget["status", "conditions"] = .array(conditions.items)
            }
        }
        if let refusal { throw refusal }
    }

    private static func refusal(_ cause: String, retryAfter: Int?) -> StatusError {
        var error = StatusError.tooManyRequests(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            causes: [["reason": "DisruptionBudget", "message": .string(cause)]])
        if let retryAfter { error.details?["retryAfterSeconds"] = JSONValue(retryAfter) }
        return error
    }

    /// Notes on the pod why it goes.
    private func mark(_ pod: JSONValue) throws(StatusError) {
        try registry.update(
            kind.storage, namespace: resource.namespace, name: pod.meta.name, subresource: "status",
            manager: "kube-apiserver"
        ) { current in
            guard current.meta.uid == pod.meta.uid else { return }
            var conditions = Conditions(current)
            conditions.set(
                "DisruptionTarget", "True", reason: "EvictionByEvictionAPI", message: "Eviction API: evicting",
                now: .now)
            current["status", "conditions"] = .array(conditions.items)
        }
    }
}
