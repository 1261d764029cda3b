import FoundationEssentials
import K8sClient

#if canImport(Glibc)
    import Glibc
#endif

/// The Node object of this machine.
enum NodeObject {
    /// The one node's name.
    static let name = "devcluster"
    /// Its address: everything here is on the loopback network.
    static let address = "127.0.0.1"

    /// What pods may use: all that the machine has, since nothing is enforced.
    static let allocatable: [String: JSONValue] = [
        "cpu": .string(String(ProcessInfo.processInfo.activeProcessorCount)),
        "memory": .string("\(ProcessInfo.processInfo.physicalMemory / 1024)Ki"),
        "pods": .string(String(PodAddresses.capacity)),
    ]

    static let labels: [String: String] = [
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture,
        "node-role.kubernetes.io/control-plane": "",
    ]

    static var object: JSONValue {
        [
            "apiVersion": "v1", "kind": "Node",
            "metadata": ["name": .string(name), "labels": JSONValue(labels)],
            "spec": [:],
        ]
    }

    /// Where nodes' leases are.
    static let leaseNamespace = "kube-node-lease"

    /// The lease by which a node shows that it lives.
    static func lease(of node: JSONValue) -> JSONValue {
        [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": [
                "name": .string(name), "namespace": .string(leaseNamespace),
                "ownerReferences": [
                    [
                        "apiVersion": "v1", "kind": "Node", "name": .string(name),
                        "uid": .string(node.meta.uid),
                    ]
                ],
            ],
            // Longer than a real node's 40 seconds, since it is renewed less often: nobody waits for this node's failure.
            "spec": ["holderIdentity": .string(name), "leaseDurationSeconds": 120],
        ]
    }

    static func status(_ node: JSONValue, now: KubernetesTime) -> JSONValue {
        var conditions = Conditions(node)
        let heartbeat: [String: JSONValue] = ["lastHeartbeatTime": .string(now.description)]
        for (type, reason, message) in [
            ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ] {
            conditions.set(type, "False", reason: reason, message: message, now: now, more: heartbeat)
        }
        conditions.set(
            "Ready", "True", reason: "KubeletReady", message: "kubelet is posting ready status", now: now,
            more: heartbeat)
        return [
            "conditions": .array(conditions.items), "capacity": .object(allocatable),
            "allocatable": .object(allocatable),
            "addresses": [
                ["type": "InternalIP", "address": .string(address)], ["type": "Hostname", "address": .string(name)],
            ],
            "nodeInfo": [
                "architecture": .string(architecture), "operatingSystem": "linux",
                "kernelVersion": .string(kernelVersion), "osImage": "devcluster (pods are local processes)",
                "containerRuntimeVersion": "bubblewrap://0", "kubeletVersion": "v1.36.0-devcluster",
                "kubeProxyVersion": "v1.36.0-devcluster", "machineID": "devcluster", "systemUUID": "devcluster",
                "bootID": "devcluster",
            ],
        ]
    }

    private static let architecture: String = {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }()

    private static let kernelVersion: String = {
        var system = utsname()
        guard uname(&system) == 0 else { return "unknown" }
        return withUnsafeBytes(of: system.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }()
}
