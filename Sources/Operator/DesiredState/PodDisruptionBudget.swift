import K8sClient

extension ManifestContext {
    /// How many serving pods a drained node may take away. A single pod has none unless asked for: a budget could only keep its node
    /// from ever being drained.
    func podDisruptionBudget() -> Manifest? {
        let disruption = spec.disruption
        var budget: JSONValue = [
            "selector": ["matchLabels": ["app": .string(backend.name)]],
            // A pod that is not ready serves nobody: it must not keep a node from being drained.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        ]
        if let least = disruption?.minAvailable {
            budget["minAvailable"] = least
        } else if let most = disruption?.maxUnavailable {
            budget["maxUnavailable"] = most
        } else if (spec.autoscaling?.maxReplicas ?? spec.replicas) > 1 {
            budget["maxUnavailable"] = 1
        } else {
            return nil
        }
        return Manifest(
            .podDisruptionBudgets,
            [
                "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
                "metadata": metadata(backend.objectNames.podDisruptionBudget), "spec": budget,
            ])
    }
}
