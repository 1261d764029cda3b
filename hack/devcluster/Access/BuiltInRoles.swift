import K8sClient

/// The roles and bindings that every cluster begins with.
enum BuiltInRoles {
    private static func rule(_ groups: [String], _ resources: [String], _ verbs: [String]) -> JSONValue {
        ["apiGroups": JSONValue(groups), "resources": JSONValue(resources), "verbs": JSONValue(verbs)]
    }

    private static func clusterRole(
        _ name: String, _ rules: [JSONValue], aggregating labels: [String] = [], into: String? = nil
    ) -> JSONValue {
        var role: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": [
                "name": .string(name), "labels": ["kubernetes.io/bootstrapping": "rbac-defaults"],
                "annotations": ["rbac.authorization.kubernetes.io/autoupdate": "true"],
            ],
            "rules": .array(rules),
        ]
        if let into {
            role["metadata", "labels", "rbac.authorization.k8s.io/aggregate-to-\(into)"] = "true"
        }
        if !labels.isEmpty {
            role["aggregationRule"] = [
                "clusterRoleSelectors": .array(
                    labels.map { ["matchLabels": [("rbac.authorization.k8s.io/aggregate-to-\($0)"): "true"]] })
            ]
        }
        return role
    }

    private static func binding(_ name: String, to groups: [String]) -> JSONValue {
        [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": ["name": .string(name), "labels": ["kubernetes.io/bootstrapping": "rbac-defaults"]],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": .string(name)],
            "subjects": .array(
                groups.map { ["apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": .string($0)] }),
        ]
    }

    private static let reading = ["get", "list", "watch"]
    private static let writing = ["create", "delete", "deletecollection", "patch", "update"]

    private static let coreObjects = [
        "configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods",
        "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services", "services/status",
    ]
    private static let appObjects = [
        "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale",
        "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets",
        "statefulsets/scale", "statefulsets/status",
    ]

    static let clusterRoles: [JSONValue] = [
        clusterRole(
            "cluster-admin",
            [rule(["*"], ["*"], ["*"]), ["nonResourceURLs": ["*"], "verbs": ["*"]]]),
        clusterRole("admin", [], aggregating: ["admin", "edit", "view"]),
        clusterRole("edit", [], aggregating: ["edit", "view"]),
        clusterRole("view", [], aggregating: ["view"]),
        clusterRole(
            "system:aggregate-to-admin",
            [
                rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
                rule(["rbac.authorization.k8s.io"], ["rolebindings", "roles"], reading + writing),
            ], into: "admin"),
        clusterRole(
            "system:aggregate-to-edit",
            [
                rule(
                    [""], ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
                    reading),
                rule([""], ["serviceaccounts"], ["impersonate"]),
                rule([""], ["serviceaccounts/token", "pods/eviction", "events"], ["create"]),
                rule(
                    [""],
                    coreObjects + ["secrets", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], writing),
                rule(["apps"], appObjects, writing),
                rule(["autoscaling"], ["horizontalpodautoscalers"], writing),
                rule(["batch"], ["cronjobs", "jobs"], writing),
                rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], writing),
                rule(["policy"], ["poddisruptionbudgets"], writing),
                rule(["coordination.k8s.io"], ["leases"], reading + writing),
            ], into: "edit"),
        clusterRole(
            "system:aggregate-to-view",
            [
                rule(
                    [""],
                    coreObjects + [
                        "bindings", "events", "limitranges", "namespaces", "namespaces/status", "pods/log",
                        "pods/status", "resourcequotas", "resourcequotas/status",
                    ], reading),
                rule(["discovery.k8s.io"], ["endpointslices"], reading),
                rule(["apps"], appObjects, reading),
                rule(["autoscaling"], ["horizontalpodautoscalers", "horizontalpodautoscalers/status"], reading),
                rule(["batch"], ["cronjobs", "cronjobs/status", "jobs", "jobs/status"], reading),
                rule(
                    ["networking.k8s.io"], ["ingresses", "ingresses/status", "networkpolicies"], reading),
                rule(["policy"], ["poddisruptionbudgets", "poddisruptionbudgets/status"], reading),
            ], into: "view"),
        clusterRole(
            "system:basic-user",
            [
                rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
                rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
            ]),
        clusterRole(
            "system:discovery",
            [
                [
                    "nonResourceURLs": [
                        "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
                        "/version", "/version/",
                    ], "verbs": ["get"],
                ]
            ]),
        clusterRole(
            "system:public-info-viewer",
            [["nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]]]),
        clusterRole(
            "system:auth-delegator",
            [
                rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
                rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"]),
            ]),
    ]

    static let clusterRoleBindings: [JSONValue] = [
        binding("cluster-admin", to: ["system:masters"]),
        binding("system:basic-user", to: ["system:authenticated"]),
        binding("system:discovery", to: ["system:authenticated"]),
        binding("system:public-info-viewer", to: ["system:authenticated", "system:unauthenticated"]),
    ]
}
