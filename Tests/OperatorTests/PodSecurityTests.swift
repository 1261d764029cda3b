import FoundationEssentials
import K8sClient
import Testing

@testable import Operator

/// The `restricted` Pod Security standard, rule by rule, against every pod that desired state asks for.
@Suite struct PodSecurityTests {
    /// What of a pod the standard refuses.
    private func violations(_ pod: JSONValue) -> [String] {
        var found: [String] = []
        let context = pod["securityContext"]
        for field in ["hostNetwork", "hostPID", "hostIPC"] where pod[field] == true { found.append(field) }
        if context?["windowsOptions", "hostProcess"] == true { found.append("hostProcess") }
        if context?["seLinuxOptions"] != nil { found.append("seLinuxOptions") }
        if context?["sysctls"] != nil { found.append("sysctls") }
        if context?["runAsUser"] == 0 { found.append("runAsUser") }
        let volumeTypes: Set = [
            "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
        ]
        for volume in pod["volumes"]?.array ?? [] {
            let types = Set((volume.object ?? [:]).keys).subtracting(["name"])
            if !types.isSubset(of: volumeTypes) { found.append("volume \(types)") }
        }
        let containers = ["containers", "initContainers", "ephemeralContainers"].flatMap { pod[$0]?.array ?? [] }
        for container in containers { found += violations(container: container, of: context) }
        return found
    }

    private func violations(container: JSONValue, of pod: JSONValue?) -> [String] {
        var found: [String] = []
        let own = container["securityContext"]
        if own?["privileged"] == true { found.append("privileged") }
        if own?["allowPrivilegeEscalation"] != false { found.append("allowPrivilegeEscalation") }
        if own?["capabilities", "drop"]?.array?.contains("ALL") != true { found.append("capabilities.drop") }
        let added = own?["capabilities", "add"]?.array ?? []
        if !added.allSatisfy({ $0 == "NET_BIND_SERVICE" }) { found.append("capabilities.add") }
        if (own?["runAsNonRoot"] ?? pod?["runAsNonRoot"]) != true { found.append("runAsNonRoot") }
        if own?["runAsUser"] == 0 { found.append("runAsUser") }
        if own?["procMount"].map({ $0 != "Default" }) ?? false { found.append("procMount") }
        if own?["seLinuxOptions"] != nil { found.append("seLinuxOptions") }
        let seccomp = (own?["seccompProfile"] ?? pod?["seccompProfile"])?["type"]?.string
        if !["RuntimeDefault", "Localhost"].contains(seccomp) { found.append("seccompProfile") }
        let appArmor = (own?["appArmorProfile"] ?? pod?["appArmorProfile"])?["type"]
        if appArmor == "Unconfined" { found.append("appArmorProfile") }
        for port in container["ports"]?.array ?? [] where port["hostPort"] != nil { found.append("hostPort") }
        for handler in [
            ["lifecycle", "preStop"], ["lifecycle", "postStart"], ["livenessProbe"], ["readinessProbe"],
            ["startupProbe"],
        ] {
            let action = handler.reduce(container as JSONValue?) { $0?[$1] }
            if action?["httpGet", "host"] != nil || action?["tcpSocket", "host"] != nil { found.append("probe host") }
        }
        return found
    }

    /// Every pod specification within an object: what has containers.
    private func pods(in value: JSONValue) -> [JSONValue] {
        if let members = value.object {
            return (members["containers"] != nil ? [value] : []) + members.values.flatMap(pods(in:))
        }
        return (value.array ?? []).flatMap(pods(in:))
    }

    @Test("every pod passes the restricted standard", arguments: ["guide", "minimal", "full", "gateway"])
    func restricted(_ name: String) throws {
        let text = try String(
            contentsOf: DesiredStateTests.folder.appending(path: "\(name).yaml"), encoding: .utf8)
        for backend in try ChatBackend.read(text, origin: name) {
            let pods = DesiredState.manifests(for: backend).flatMap { self.pods(in: $0.object) }
            #expect(!pods.isEmpty)
            for pod in pods {
                #expect(violations(pod) == [])
                #expect(pod["automountServiceAccountToken"] == false)
            }
        }
    }

    @Test("a namespace that is made enforces the standard; an adopted one is left as it is")
    func namespaceLabel() throws {
        let backend = ChatBackend(metadata: ObjectMeta(name: "chat"), spec: ChatBackendSpec())
        func label(_ facts: ObservedFacts) -> JSONValue? {
            DesiredState.manifests(for: backend, facts)
                .first { $0.resource == .namespaces }?.object[
                    "metadata", "labels", "pod-security.kubernetes.io/enforce"]
        }
        #expect(label(ObservedFacts()) == "restricted")
        #expect(label(ObservedFacts(namespaceIsAdopted: true)) == nil)
    }
}
