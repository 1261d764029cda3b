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
        if !spec.usesSQLite { pod["initContainers"] = [migration] }

        var podMetadata: JSONValue = ["labels": JSONValue(labels(.backend))]
        var annotations = ["chatbackend.io/config-hash": "\(configHash)"]
        if let hash = facts.secretsHash { annotations["chatbackend.io/secrets-hash"] = "\(hash)" }
        set(annotations: annotations, in: &podMetadata)
        var deploymentSpec: JSONValue = [
            "selector": ["matchLabels": ["app": .string(backend.name)]],
            "strategy": strategy,
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

    /// Two pods never share SQLite's volume; else one more pod than asked for, and none less.
    private var strategy: JSONValue {
        spec.usesSQLite
            ? ["type": "Recreate"]
            : [
                "type": "RollingUpdate",
                "rollingUpdate": ["maxUnavailable": 0, "maxSurge": JSONValue(ConnectionBudget.surge)],
            ]
    }

    /// Brings the schema of PostgreSQL up to the image's before the pod serves: one pod does it, the others wait for its lock, and
    /// where it is current already this takes one query. SQLite's `serve` does it by itself.
    private var migration: JSONValue {
        var container = container(name: "migrate")
        container["args"] = ["migrate"]
        container["resources"] = resources
        return container
    }

    private var resources: JSONValue {
        var resources: JSONValue = [:]
        if let requests = spec.resources.requests { resources["requests"] = .object(requests) }
        if let limits = spec.resources.limits { resources["limits"] = .object(limits) }
        return resources
    }
}
