import K8sClient

extension ManifestContext {
    /// The Gateway API's route to the Service, where the cluster has that API.
    func httpRoute() -> Manifest? {
        guard let route = spec.exposure?.httpRoute, facts.servedKinds.contains(.httpRoutes) else { return nil }
        let names = backend.objectNames
        var timeouts: JSONValue = ["request": .string(route.timeouts.request)]
        if let backendRequest = route.timeouts.backendRequest { timeouts["backendRequest"] = .string(backendRequest) }
        // What the API's defaulting would add is written out: the fields are then ours, and an edit of them is seen.
        let parents = route.parentRefs.map { parent -> JSONValue in
            var reference: JSONValue = [
                "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": .string(parent.name),
            ]
            if let namespace = parent.namespace { reference["namespace"] = .string(namespace) }
            if let section = parent.sectionName { reference["sectionName"] = .string(section) }
            return reference
        }
        return Manifest(
            .httpRoutes,
            [
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
                "metadata": metadata(names.httpRoute),
                "spec": [
                    "parentRefs": .array(parents),
                    "hostnames": JSONValue(route.hostnames),
                    "rules": [
                        [
                            "matches": [["path": ["type": "PathPrefix", "value": "/"]]],
                            "backendRefs": [
                                [
                                    "group": "", "kind": "Service", "name": .string(names.service),
                                    "port": .integer(BackendPort.service), "weight": 1,
                                ]
                            ],
                            "timeouts": timeouts,
                        ]
                    ],
                ],
            ])
    }
}
