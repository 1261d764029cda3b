import K8sClient

extension ManifestContext {
    /// What `spec.podTemplate` says of every pod that runs the backend's image, jobs included.
    func placement(in pod: inout JSONValue) {
        guard let overrides = spec.podTemplate else { return }
        if let selector = overrides.nodeSelector, !selector.isEmpty { pod["nodeSelector"] = JSONValue(selector) }
        if let tolerations = overrides.tolerations, !tolerations.isEmpty { pod["tolerations"] = .array(tolerations) }
        if let priority = overrides.priorityClassName { pod["priorityClassName"] = .string(priority) }
    }

    /// What is true of the serving pods alone: how they keep apart and how long they have to end.
    func servingPlacement(in pod: inout JSONValue) {
        let overrides = spec.podTemplate
        // By default room for the backend's drain: a few seconds of serving on, then up to half a minute for requests in flight.
        pod["terminationGracePeriodSeconds"] = JSONValue(overrides?.terminationGracePeriodSeconds ?? 60)
        if let affinity = overrides?.affinity { pod["affinity"] = affinity }
        let constraints = overrides?.topologySpreadConstraints ?? Self.spreadByDefault
        guard !constraints.isEmpty else { return }
        pod["topologySpreadConstraints"] = .array(
            constraints.map { constraint in
                var constraint = constraint
                if constraint["labelSelector"] == nil {
                    constraint["labelSelector"] = ["matchLabels": ["app": .string(backend.name)]]
                }
                return constraint
            })
    }

    /// Over nodes and zones as evenly as there is room: a pod that cannot be apart from others still runs.
    private static let spreadByDefault: [JSONValue] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map {
        ["maxSkew": 1, "topologyKey": .string($0), "whenUnsatisfiable": "ScheduleAnyway"]
    }
}
