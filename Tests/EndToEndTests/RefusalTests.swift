import K8sClient
import Testing

extension OnACluster {
    @Suite struct RefusalTests {
        private func backend(_ name: String, namespace: String? = nil) -> String {
            """
            apiVersion: chatbackend.io/v1
            kind: ChatBackend
            metadata: {name: \(name)}
            spec: {replicas: 0\(namespace.map { ", namespace: \($0)" } ?? "")}
            """
        }

        /// A server that evaluates CEL refuses at once what the embedded one leaves to the operator.
        private func isRefused(_ yaml: String, name: String, reason: String, words: String) async throws {
            let cluster = try TestCluster.require()
            let result = try await cluster.kubectlResult(["apply", "-f", "-"], input: yaml)
            guard result.status == 0 else {
                #expect(result.error.contains("is invalid"))
                return
            }
            let stalled = try await cluster.wait(name, for: "Stalled", toBe: "True", reason: reason)
            #expect(stalled["message"]?.string?.contains(words) == true)
            let ready = try await cluster.condition("Ready", of: name)
            #expect(ready?["status"] == "False")
            try await eventually("an Event tells of it") {
                try await cluster.kubectl("describe", "cb", name).contains(reason)
            }
            try await cluster.delete(name)
        }

        @Test("a resource that asks for kube-system is refused and kube-system is left alone")
        func kubeSystem() async throws {
            let cluster = try TestCluster.require()
            let before = try await cluster.object("namespace", "kube-system")
            try await isRefused(
                backend("greedy", namespace: "kube-system"), name: "greedy", reason: "NamespaceReserved",
                words: "spec.namespace")
            let after = try await cluster.object("namespace", "kube-system")
            #expect(before?["metadata", "resourceVersion"] == after?["metadata", "resourceVersion"])
        }

        @Test("the operator's own namespace is refused")
        func operatorNamespace() async throws {
            try await isRefused(
                backend("inside", namespace: "chatbackend-system"), name: "inside", reason: "NamespaceReserved",
                words: "the operator's own")
        }

        @Test("a name too long for its children is refused with the bound")
        func longName() async throws {
            let name = String(repeating: "n", count: 50)
            try await isRefused(backend(name), name: name, reason: "InvalidName", words: "at most 45")
        }

        @Test("of two resources that claim one namespace the second is refused until the first is gone")
        func twoClaims() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("first", namespace: "claimed"))
            try await cluster.wait("first", for: "Ready", toBe: "True")
            try await cluster.apply(backend("second", namespace: "claimed"))
            let stalled = try await cluster.wait("second", for: "Stalled", toBe: "True", reason: "NamespaceClaimed")
            #expect(stalled["message"]?.string?.contains("ChatBackend first") == true)
            #expect(try await cluster.object("deployment", "second", namespace: "claimed") == nil)
            #expect(try await cluster.condition("Ready", of: "first")?["status"] == "True")

            try await cluster.delete("first")
            try await cluster.wait("second", for: "Ready", toBe: "True")
            try await cluster.delete("second")
        }

        @Test("a namespace that was there is taken over only when labelled so, and outlives the resource")
        func adoption() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply("kind: Namespace\napiVersion: v1\nmetadata: {name: standing}")
            try await cluster.apply(
                "kind: ConfigMap\napiVersion: v1\nmetadata: {name: keep, namespace: standing}\ndata: {a: '1'}")
            try await cluster.apply(backend("adopter", namespace: "standing"))
            let stalled = try await cluster.wait("adopter", for: "Stalled", toBe: "True", reason: "NamespaceNotOwned")
            #expect(stalled["message"]?.string?.contains("chatbackend.io/adopt=true") == true)
            #expect(try await cluster.object("secret", "adopter-secret", namespace: "standing") == nil)

            try await cluster.kubectl("label", "namespace", "standing", "chatbackend.io/adopt=true")
            try await cluster.wait("adopter", for: "Ready", toBe: "True")
            try await cluster.delete("adopter")
            #expect(try await cluster.object("configmap", "keep", namespace: "standing") != nil)
            #expect(try await cluster.object("secret", "adopter-secret", namespace: "standing") == nil)
            let labels = try await cluster.object("namespace", "standing")?["metadata", "labels"]
            #expect(labels?["app.kubernetes.io/managed-by"] == nil)
            try await cluster.kubectl("delete", "namespace", "standing")
        }

        @Test("a deleted namespace of a backend is made anew with all in it")
        func namespaceDeleted() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("phoenix"))
            try await cluster.wait("phoenix", for: "Ready", toBe: "True")
            let before = try await cluster.object("namespace", "phoenix")?["metadata", "uid"]
            // Without waiting: kubectl could take the new namespace for the old one and wait for its end.
            try await cluster.kubectl("delete", "namespace", "phoenix", "--wait=false")
            try await eventually("the Deployment is there again in a new namespace") {
                let namespace = try await cluster.object("namespace", "phoenix")
                let deployment = try await cluster.object("deployment", "phoenix", namespace: "phoenix")
                return namespace?["metadata", "uid"] != before && deployment != nil
            }
            try await cluster.wait("phoenix", for: "Ready", toBe: "True")
            try await cluster.delete("phoenix")
        }
    }
}
