import K8sClient

extension ManifestContext {
    /// - Parameter configHash: a hash of the ConfigMap's data: variables are read at a container's start, so that a
    ///   changed one must roll the pods.
    func deployment(configHash: Digest) -> Manifest {
        var container = container(name: "chatgpt-backend")
        container["ports"] = [
            ["name": "http", "containerPort": .integer(BackendPort.container), "protocol": "TCP"]
        ]
        container["resources"] = resources
        // Liveness answers from memory and readiness covers what a request needs, with the deployment guide's times.
        container["livenessProbe"] = [
            "httpGet": ["path": "/health", "port": .integer(BackendPort.container)],
            "initialDelaySeconds": 30, "periodSeconds": 10,
        ]
        container["readinessProbe"] = [
            "httpGet": ["path": "/health/ready", "port": .integer(BackendPort.container)],
            "initialDelaySeconds": 5, "periodSeconds": 5,
        ]
        var pod = podSpec(container)
        servingPlacement(in: &pod)

        var podMetadata: JSONValue = ["labels": JSONValue(labels(.backend))]
        set(annotations: ["chatbackend.io/config-hash": "\(configHash)"], in: &podMetadata)
        var deploymentSpec: JSONValue = [
            "selector": ["matchLabels": ["app": .string(backend.name)]],
            "strategy": [
                "type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": 0, "maxSurge": 1],
            ],
            "template": ["metadata": podMetadata, "spec": pod],
        ]
        // Under an autoscaler the number is the autoscaler's (see ReplicasHandover).
        if spec.autoscaling == nil { deploymentSpec["replicas"] = JSONValue(spec.replicas) }
        return Manifest(
            .deployments,
            [
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": metadata(backend.objectNames.deployment), "spec": deploymentSpec,
            ])
    }

    private var resources: JSONValue {
        var resources: JSONValue = [:]
        if let requests = spec.resources.requests { resources["requests"] = .object(requests) }
        if let limits = spec.resources.limits { resources["limits"] = .object(limits) }
        return resources
    }
}
