import K8sClient

/// The kubeconfig by which the administrator reaches the server.
enum Kubeconfig {
    static func text(url: String, pki: ClusterPKI) -> String {
        YAML.serialize([
            "apiVersion": "v1", "kind": "Config", "current-context": "devcluster",
            "clusters": [
                [
                    "name": "devcluster",
                    "cluster": [
                        "server": .string(url),
                        "certificate-authority-data": .string(Base64.encode(pki.authority.utf8)),
                    ],
                ]
            ],
            "users": [
                [
                    "name": "admin",
                    "user": [
                        "client-certificate-data": .string(Base64.encode(pki.adminCertificate.utf8)),
                        "client-key-data": .string(Base64.encode(pki.adminKey.utf8)),
                    ],
                ]
            ],
            "contexts": [
                ["name": "devcluster", "context": ["cluster": "devcluster", "user": "admin"]]
            ],
        ])
    }
}
