import K8sClient

extension ManifestContext {
    /// The container that the Deployment and the backup share: image, variables, privileges.
    func container(name: String) -> JSONValue {
        var container: JSONValue = [
            "name": .string(name),
            "image": .string(spec.image),
            "envFrom": [
                ["configMapRef": ["name": .string(backend.objectNames.configMap)]],
                ["secretRef": ["name": .string(backend.objectNames.secret)]],
            ],
            "securityContext": [
                "allowPrivilegeEscalation": false,
                "capabilities": ["drop": ["ALL"]],
            ],
        ]
        if spec.usesSQLite {
            container["volumeMounts"] = [["name": "data", "mountPath": .string(SQLiteVolume.directory)]]
        }
        if let policy = spec.imagePullPolicy { container["imagePullPolicy"] = .string(policy) }
        let variables = variables()
        if !variables.isEmpty { container["env"] = .array(variables) }
        return container
    }

    /// What a pod of the backend is, around its container. The pods ask for nothing that the `restricted` Pod Security
    /// standard refuses, and get no token of the API server, which they never call.
    func podSpec(_ container: JSONValue) -> JSONValue {
        var pod: JSONValue = [
            "containers": [container],
            "automountServiceAccountToken": false,
            "securityContext": ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]],
        ]
        if spec.usesSQLite {
            pod["securityContext", "fsGroup"] = .integer(SQLiteVolume.group)
            pod["volumes"] = [
                [
                    "name": "data", "persistentVolumeClaim": ["claimName": .string(backend.objectNames.dataVolume)],
                ]
            ]
        }
        if let secrets = spec.imagePullSecrets, !secrets.isEmpty {
            pod["imagePullSecrets"] = .array(secrets.map { ["name": .string($0.name)] })
        }
        placement(in: &pod)
        return pod
    }

    private func variables() -> [JSONValue] {
        var variables = (spec.config.extraEnv ?? []).map { variable -> JSONValue in
            ["name": .string(variable.name), "value": .string(variable.value)]
        }
        for (name, reference) in backend.secretReferences {
            variables.append([
                "name": .string(name),
                "valueFrom": [
                    "secretKeyRef": ["name": .string(reference.name), "key": .string(reference.key)]
                ],
            ])
        }
        return variables
    }
}
