import K8sClient
import Testing

@testable import Operator

@Suite struct AdmissionTests {
    private func check(_ name: String, namespace: String? = nil) -> Refusal? {
        var spec = ChatBackendSpec()
        spec.namespace = namespace
        return Admission.check(
            ChatBackend(metadata: ObjectMeta(name: name), spec: spec), operatorNamespace: "chatbackend-system")
    }

    @Test("a name that its CronJob could not carry is refused with the bound in the message")
    func longName() {
        #expect(check(String(repeating: "a", count: 45)) == nil)
        let refusal = check(String(repeating: "a", count: 46))
        #expect(refusal?.reason == "InvalidName")
        #expect(refusal?.message.contains("at most 45 characters") == true)
    }

    @Test("a name that a Service cannot carry is refused", arguments: ["1chat", "a.b", "Chat", "a-", "-a", "ä"])
    func serviceName(_ name: String) {
        #expect(check(name)?.reason == "InvalidName")
    }

    @Test("namespaces of Kubernetes and of the operator are refused")
    func reservedNamespaces() {
        #expect(check("chat", namespace: "kube-system")?.reason == "NamespaceReserved")
        #expect(check("kube-public")?.reason == "NamespaceReserved")
        #expect(check("chat", namespace: "chatbackend-system")?.reason == "NamespaceReserved")
        #expect(check("kube-public", namespace: "public") == nil)
    }

    @Test("a namespace of another's is refused with what to do about it")
    func claims() {
        let taken = Admission.check(.takenBy(backend: "first"), namespace: "n")
        #expect(taken?.reason == "NamespaceClaimed")
        #expect(taken?.message.contains("first") == true)
        let foreign = Admission.check(.foreign, namespace: "n")
        #expect(foreign?.message.contains("kubectl label namespace n chatbackend.io/adopt=true") == true)
        #expect(Admission.check(.adopted, namespace: "n") == nil)
        #expect(Admission.check(.absent, namespace: "n") == nil)
    }
}
