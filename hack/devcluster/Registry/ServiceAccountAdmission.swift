import K8sClient

/// Gives a pod the service account of its namespace and, unless it does not want them, the account's credentials as a
/// volume at the usual place.
enum ServiceAccountAdmission {
    static let mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// - Parameter account: looks up a service account of the pod's namespace.
    static func complete(_ pod: inout JSONValue, account: (String) throws(StatusError) -> JSONValue?)
        throws(StatusError)
    {
        if pod["spec", "serviceAccountName"]?.string?.isEmpty ?? true {
            pod["spec", "serviceAccountName"] = "default"
        }
        pod["spec", "serviceAccount"] = pod["spec", "serviceAccountName"]
        let name = pod["spec", "serviceAccountName"]?.string ?? ""
        guard let owner = try account(name) else {
            throw .forbidden(
                GroupResource("", "pods"), pod.meta.name,
                "error looking up service account \(pod.meta.namespace)/\(name): serviceaccount \(quoted(name)) not found"
            )
        }
        let wanted = pod["spec", "automountServiceAccountToken"] ?? owner["automountServiceAccountToken"]
        guard wanted?.bool ?? true else { return }
        let volumeName = "kube-api-access-\(GeneratedName.suffix())"
        var isMounted = false
        for list in ["initContainers", "containers"] {
            guard var containers = pod["spec", list]?.array else { continue }
            for index in containers.indices {
                var mounts = containers[index]["volumeMounts"]?.array ?? []
                if mounts.contains(where: { $0["mountPath"]?.string == mountPath }) { continue }
                mounts.append(["name": .string(volumeName), "readOnly": true, "mountPath": .string(mountPath)])
                containers[index]["volumeMounts"] = .array(mounts)
                isMounted = true
            }
            pod["spec", list] = .array(containers)
        }
        guard isMounted else { return }
        let volume: JSONValue = [
            "name": .string(volumeName),
            "projected": [
                "defaultMode": 420,
                "sources": [
                    ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
                    [
                        "configMap": [
                            "name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]],
                        ]
                    ],
                    [
                        "downwardAPI": [
                            "items": [
                                [
                                    "path": "namespace",
                                    "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"],
                                ]
                            ]
                        ]
                    ],
                ],
            ],
        ]
        pod["spec", "volumes"] = .array((pod["spec", "volumes"]?.array ?? []) + [volume])
    }
}
