import K8sClient

/// What PostgreSQL's and Redis' objects have in common.
extension ManifestContext {
    /// The value of the label `app` on a server's pods: not the backend's, by which its Service selects.
    func serverLabel(_ name: String) -> String { "\(backend.name)-\(name)" }

    func serverService(_ name: String, _ component: Component, portName: String, port: Int64) -> Manifest {
        Manifest(
            .services,
            [
                "apiVersion": "v1", "kind": "Service", "metadata": metadata(name, component: component),
                "spec": [
                    "type": "ClusterIP", "selector": ["app": .string(serverLabel(name))],
                    "ports": [
                        [
                            "name": .string(portName), "protocol": "TCP", "port": .integer(port),
                            "targetPort": .integer(port),
                        ]
                    ],
                ],
            ])
    }

    /// A server's pod: within the `restricted` Pod Security standard. Its labels leave the backend's version out, so that an
    /// upgrade of the backend restarts no database.
    func serverTemplate(_ name: String, _ component: Component, _ container: JSONValue, userID: Int64) -> JSONValue {
        var labels = labels(component)
        labels["app"] = serverLabel(name)
        labels["app.kubernetes.io/version"] = nil
        var metadata: JSONValue = ["labels": JSONValue(labels)]
        set(annotations: [:], in: &metadata)
        return [
            "metadata": metadata,
            "spec": [
                "containers": [container], "automountServiceAccountToken": false, "enableServiceLinks": false,
                "securityContext": [
                    "runAsNonRoot": true, "runAsUser": .integer(userID), "runAsGroup": .integer(userID),
                    "fsGroup": .integer(userID), "seccompProfile": ["type": "RuntimeDefault"],
                ],
            ],
        ]
    }

    /// A variable with a password of `NAME-secret`.
    func passwordVariable(_ name: String, _ key: String) -> JSONValue {
        [
            "name": .string(name),
            "valueFrom": ["secretKeyRef": ["name": .string(backend.objectNames.secret), "key": .string(key)]],
        ]
    }
}
