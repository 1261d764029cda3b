import K8sClient

extension ManifestContext {
    func service() -> Manifest {
        Manifest(
            .services,
            [
                "apiVersion": "v1", "kind": "Service",
                "metadata": metadata(backend.objectNames.service, annotations: spec.service.annotations ?? [:]),
                "spec": [
                    "type": .string(spec.service.type),
                    "selector": ["app": .string(backend.name)],
                    "ports": [
                        [
                            "name": "http", "protocol": "TCP", "port": .integer(BackendPort.service),
                            "targetPort": .integer(BackendPort.container),
                        ]
                    ],
                ],
            ])
    }
}

/// The deployment guide's ports.
enum BackendPort {
    static let container: Int64 = 8000
    static let service: Int64 = 80
}
