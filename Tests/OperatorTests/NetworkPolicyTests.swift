import K8sClient
import Testing

@testable import Operator

@Suite struct NetworkPolicyTests {
    private func policy(_ change: (inout ChatBackendSpec) -> Void = { _ in }) -> JSONValue? {
        var spec = ChatBackendSpec()
        spec.networkPolicy = NetworkPolicySettings()
        change(&spec)
        return DesiredState.manifests(for: ChatBackend(metadata: ObjectMeta(name: "chat"), spec: spec))
            .first { $0.resource == .networkPolicies }?.object["spec"]
    }

    private func ports(_ policy: JSONValue?) -> Set<Int> {
        Set((policy?["egress"]?.array ?? []).flatMap { $0["ports"]?.array ?? [] }.compactMap { $0["port"]?.int })
    }

    @Test("the policy covers the backend's pods and its jobs', and not those of its database")
    func selector() throws {
        let selector = try #require(policy()?["podSelector"])
        func covers(_ labels: [String: String]) -> Bool {
            let matches = (selector["matchLabels"]?.object ?? [:]).allSatisfy { labels[$0.key] == $0.value.string }
            let excluded = (selector["matchExpressions"]?.array ?? []).contains { expression in
                expression["operator"] == "NotIn"
                    && (expression["values"]?.array ?? []).contains {
                        $0.string == labels[expression["key"]?.string ?? ""]
                    }
            }
            return matches && !excluded
        }
        let backend = ChatBackend(metadata: ObjectMeta(name: "chat"), spec: ChatBackendSpec())
        #expect(covers(StandardLabels.all(for: backend, .backend)))
        #expect(covers(StandardLabels.all(for: backend, .backup)))
        for component in ["database", "cache"] {
            var labels = StandardLabels.all(for: backend, .backend)
            labels["app.kubernetes.io/component"] = component
            #expect(!covers(labels))
        }
        #expect(!covers(["app.kubernetes.io/instance": "other", "app.kubernetes.io/component": "backend"]))
        #expect(policy()?["policyTypes"] == ["Ingress", "Egress"])
    }

    @Test("DNS, data stores, upstream and mail are open, and nothing else")
    func egress() {
        #expect(ports(policy()) == [53, 443, 5432, 6379])
        #expect(
            ports(policy { $0.openai.baseURL = "http://a:8080/v1;weight=2,https://b/v1,http://c" }).isSuperset(of: [
                80, 443, 8080,
            ]))
        let mail = policy { $0.smtp = MailServer(host: "mail", from: "a@b") }
        #expect(ports(mail).contains(587))
    }

    @Test("the managed data stores are opened by their pods' labels")
    func managed() {
        let rule = NetworkOpening.ownPods(port: 5432).egressRule(component: "database", app: "postgres")
        #expect(
            rule["to"] == [
                ["podSelector": ["matchLabels": ["app": "postgres", "app.kubernetes.io/component": "database"]]]
            ])
        #expect(rule["ports"] == [["protocol": "TCP", "port": 5432]])
    }

    @Test(
        "who may connect is what is asked for, else the cluster, else everybody when the Service is open to the outside"
    )
    func ingress() {
        func peers(_ change: (inout ChatBackendSpec) -> Void) -> JSONValue? {
            policy(change)?["ingress"]?.array?.first?["from"]
        }
        #expect(peers { _ in } == [["namespaceSelector": [:]]])
        #expect(peers { $0.service.type = "LoadBalancer" } == nil)
        let peer: JSONValue = ["namespaceSelector": ["matchLabels": ["a": "b"]]]
        #expect(peers { $0.networkPolicy?.ingressFrom = [peer] } == [peer])
        #expect(policy { $0.networkPolicy?.enabled = false } == nil)
    }
}
