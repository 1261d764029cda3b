import K8sClient

extension ManifestContext {
    func ingress() -> Manifest? {
        guard let ingress = spec.exposure?.ingress else { return nil }
        let names = backend.objectNames
        var annotations = StreamAnnotations.annotations(forClass: ingress.className)
            .merging(ingress.annotations ?? [:]) { _, users in users }
        var ingressSpec: JSONValue = [
            "ingressClassName": .string(ingress.className),
            "rules": [
                [
                    "host": .string(ingress.host),
                    "http": [
                        "paths": [
                            [
                                "path": "/", "pathType": "Prefix",
                                "backend": [
                                    "service": [
                                        "name": .string(names.service),
                                        "port": ["number": .integer(BackendPort.service)],
                                    ]
                                ],
                            ]
                        ]
                    ],
                ]
            ],
        ]
        if let tls = ingress.tls {
            ingressSpec["tls"] = [
                ["hosts": [.string(ingress.host)], "secretName": .string(tls.secretName ?? names.tlsSecret)]
            ]
            if let issuer = tls.clusterIssuer { annotations["cert-manager.io/cluster-issuer"] = issuer }
            if let issuer = tls.issuer { annotations["cert-manager.io/issuer"] = issuer }
        }
        return Manifest(
            .ingresses,
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": metadata(names.ingress, annotations: annotations), "spec": ingressSpec,
            ])
    }
}
