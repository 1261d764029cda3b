import Foundation
import K8sClient
import Testing

@Suite("Against the embedded cluster")
struct EmbeddedClusterTests {
    @Test("Options of writes, unknown fields, warnings, preconditions and plug-ins do what Kubernetes says they do")
    func conversation() async throws {
        try await DevelopmentCluster.running { cluster in
            let warnings = Recorder<ServerWarning>()
            let client = KubernetesClient(configuration: cluster.configuration, onWarning: { warnings.append($0) })
            try await writes(client, warnings)
            try await preserving(client)
            try await plugin(client, cluster)
        }
    }

    private func writes(_ client: KubernetesClient, _ warnings: Recorder<ServerWarning>) async throws {
        var typo = configMap("typo", version: 0)
        typo["metadata", "resourceVersion"] = nil
        typo["metadata", "uid"] = nil
        typo["dataa"] = ["k": "v"]
        let refused = try await failure { [typo] () async throws(KubernetesError) in
            try await client.create(.configMaps, typo, .init(fieldValidation: .strict)) as JSONValue
        }
        #expect(refused.message.contains("dataa"))
        try await client.create(.configMaps, typo, .init(dryRun: true, fieldValidation: .ignore))
        #expect(warnings.all.isEmpty)
        #expect(try await client.getIfPresent(.configMaps, "typo", namespace: "default") == nil)
        try await client.create(.configMaps, typo, .init(fieldManager: "tester", fieldValidation: .warn))
        #expect(warnings.all.map(\.text).contains { $0.contains("unknown field \"dataa\"") }, "\(warnings.all)")
        let stored = try await client.get(.configMaps, "typo", namespace: "default")
        #expect(stored["dataa"] == nil)
        #expect(stored.metadata.managedFields.map(\.manager) == ["tester"])
        let other = try await failure { () async throws(KubernetesError) in
            try await client.delete(
                .configMaps, "typo", namespace: "default", .init(preconditions: .init(uid: "someone else's")))
        }
        #expect(other.isConflict)
        try await client.delete(
            .configMaps, "typo", namespace: "default",
            .init(preconditions: .init(uid: stored.uid, resourceVersion: stored.resourceVersion)))
    }

    private func preserving(_ client: KubernetesClient) async throws {
        try await client.create(
            .services,
            [
                "apiVersion": "v1", "kind": "Service", "metadata": ["name": "web", "namespace": "default"],
                "spec": ["selector": ["app": "web"], "ports": [["name": "http", "port": 80, "targetPort": 8000]]],
            ])
        var web = try await client.get(.services, "web", namespace: "default", as: Preserving<Service>.self)
        let before = try web.merged()
        web.spec.ports[0].port = 8080
        try await client.replace(.services, web)
        var expected = before
        expected["spec", "ports"] = .array([
            (before["spec", "ports"]?.array?.first ?? .null).setting("port", 8080)
        ])
        let after = try await client.get(.services, "web", namespace: "default")
        #expect(after["spec"] == expected["spec"])
        let late = try await failure { [web] () async throws(KubernetesError) in
            try await client.replace(.services, web)
        }
        #expect(late.isConflict, "the version that was read is the one that may be replaced")
    }

    /// A kubeconfig whose plug-in hands out a token of a service account.
    private func plugin(_ client: KubernetesClient, _ cluster: DevelopmentCluster) async throws {
        try await client.create(
            .serviceAccounts,
            ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "robot", "namespace": "default"]])
        let request = try await client.create(
            .serviceAccounts, "robot", namespace: "default", subresource: .token,
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600]])
        let token = try #require(request["status", "token"]?.string)
        try await withTemporaryFolder { folder in
            try write(
                #"""
                echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\#(token)"}}'
                """#, to: folder + "/robot.sh")
            var configuration = cluster.configuration
            configuration.tls.clientCertificate = nil
            configuration.tls.clientKey = nil
            configuration.credentials = .exec(
                ExecPlugin(command: "/bin/sh", arguments: [folder + "/robot.sh"]))
            let robot = KubernetesClient(configuration: configuration)
            let review = try await robot.create(
                APIResource(
                    group: "authentication.k8s.io", version: "v1", kind: "SelfSubjectReview",
                    plural: "selfsubjectreviews", isNamespaced: false),
                ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"])
            #expect(review["status", "userInfo", "username"] == "system:serviceaccount:default:robot")
        }
    }

    /// As much of a Service as this test needs.
    struct Service: Codable, Sendable, KubernetesObject {
        struct Spec: Codable, Sendable {
            var ports: [Port]
        }
        struct Port: Codable, Sendable {
            var name: String?
            var port: Int
        }
        var metadata: ObjectMeta
        var spec: Spec
    }
}

extension JSONValue {
    /// The same object with one member changed.
    fileprivate func setting(_ name: String, _ value: JSONValue) -> JSONValue {
        var copy = self
        copy[name] = value
        return copy
    }
}
