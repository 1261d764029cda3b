import K8sClient
import Logging
import Synchronization

/// Says, once for each, which fields of pods this node stores but does not act on: nobody shall believe that a limit or a
/// sandboxing rule holds here.
final class UnenforcedFields: Sendable {
    private let said = Mutex<Set<String>>([])
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func report(_ pod: JSONValue) {
        let new = Self.find(in: pod).filter { field in said.withLock { $0.insert(field).inserted } }
        for field in new {
            logger.notice("pod \(pod.meta.key): this node does not enforce \(field)")
        }
    }

    /// The fields of a pod without effect here, each once.
    static func find(in pod: JSONValue) -> [String] {
        var found: Set<String> = []
        let podFields = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "runtimeClassName", "dnsConfig"]
        for field in podFields where pod["spec", field] != nil && pod["spec", field] != false {
            found.insert("spec.\(field)")
        }
        if pod["spec", "affinity"] != nil { found.insert("spec.affinity") }
        let podContext = ["fsGroup", "supplementalGroups", "sysctls", "seLinuxOptions", "seccompProfile"]
        for field in podContext where pod["spec", "securityContext", field] != nil {
            found.insert("spec.securityContext.\(field)")
        }
        let context = [
            "privileged", "capabilities", "seLinuxOptions", "seccompProfile", "appArmorProfile",
            "allowPrivilegeEscalation",
        ]
        for container in pod.items("spec", "containers") + pod.items("spec", "initContainers") {
            for field in context where container["securityContext", field] != nil {
                found.insert("securityContext.\(field) of containers")
            }
            for resource in (container["resources", "limits"]?.object ?? [:]).keys {
                found.insert("resources.limits.\(resource) of containers")
            }
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] where container[probe, "grpc"] != nil {
                found.insert("\(probe).grpc of containers")
            }
            for port in container.items("ports") where port["hostPort"] != nil { found.insert("ports.hostPort") }
        }
        return found.sorted()
    }
}
