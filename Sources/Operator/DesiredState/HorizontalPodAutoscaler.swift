import K8sClient

extension ManifestContext {
    func horizontalPodAutoscaler() -> Manifest? {
        guard let autoscaling = spec.autoscaling else { return nil }
        var autoscalerSpec: JSONValue = [
            "scaleTargetRef": [
                "apiVersion": "apps/v1", "kind": "Deployment", "name": .string(backend.objectNames.deployment),
            ],
            "minReplicas": JSONValue(autoscaling.minReplicas), "maxReplicas": JSONValue(autoscaling.maxReplicas),
            "metrics": .array(
                autoscaling.targets.map { target in
                    [
                        "type": "Resource",
                        "resource": [
                            "name": .string(target.resource),
                            "target": ["type": "Utilization", "averageUtilization": JSONValue(target.percent)],
                        ],
                    ]
                }),
        ]
        if let behavior = autoscaling.behavior { autoscalerSpec["behavior"] = behavior }
        return Manifest(
            .horizontalPodAutoscalers,
            [
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": metadata(backend.objectNames.horizontalPodAutoscaler), "spec": autoscalerSpec,
            ])
    }
}
