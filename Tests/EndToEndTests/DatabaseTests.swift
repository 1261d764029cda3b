import FoundationEssentials
import K8sClient
import Testing

extension OnACluster {
    @Suite struct DatabaseTests {
        private func backend(_ name: String, _ more: String) -> String {
            """
            apiVersion: chatbackend.io/v1
            kind: ChatBackend
            metadata:
              name: \(name)
            spec:
            \(more)
            """
        }

        /// Posts to the backend's Service, at the address that pods would use.
        private func post(_ cluster: TestCluster, _ name: String, _ path: String, _ body: String) async throws -> Int {
            let service = try await cluster.object("service", "\(name)-service", namespace: name)
            let address = try #require(service?["spec", "clusterIP"]?.string)
            let answer = try await Program.system("curl").run([
                "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                "Content-Type: application/json", "-d", body, "http://\(address)\(path)",
            ])
            return Int(answer.output) ?? 0
        }

        private let account = #"{"email":"one@example.dev","password":"correct horse battery"}"#

        /// Registers, ends every pod of a component, and logs in when the backend answers again.
        private func keepsAccounts(_ cluster: TestCluster, _ name: String, ending component: String) async throws {
            try await cluster.wait(name, for: "Ready", toBe: "True")
            #expect(try await post(cluster, name, "/api/v1/auth/register", account) == 201)
            try await cluster.kubectl(
                "delete", "pods", "-n", name, "-l", "app.kubernetes.io/component=\(component)", "--wait=true")
            try await eventually("the account is there after the pods were ended") {
                try await post(cluster, name, "/api/v1/auth/login", account) == 200
            }
        }

        @Test("nothing specified is one pod with SQLite on a volume, which its accounts survive", .needsEmbeddedCluster)
        func sqlite() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("plain", "  environment: production"))
            try await keepsAccounts(cluster, "plain", ending: "backend")
            #expect(try await cluster.object("deployment", "plain", namespace: "plain")?["spec", "replicas"] == 1)
            try await cluster.kubectl("patch", "cb", "plain", "--type=merge", "-p", #"{"spec":{"replicas":2}}"#)
            try await cluster.wait("plain", for: "Stalled", toBe: "True")
            try await cluster.delete("plain")
        }

        @Test(
            "PostgreSQL and Redis are made, with passwords that stay; accounts survive the server",
            .needsEmbeddedCluster)
        func managed() async throws {
            let cluster = try TestCluster.require()
            let specification = "  replicas: 2\n  database: {managed: {}}\n  cache: {managed: {}}"
            try await cluster.apply(backend("kept", specification))
            try await keepsAccounts(cluster, "kept", ending: "database")
            let before = try await cluster.object("secret", "kept-secret", namespace: "kept")?["data"]
            let url = try #require(before?["DATABASE_URL"]?.string.flatMap { Data(base64Encoded: $0) })
            let text = String(decoding: url, as: UTF8.self)
            #expect(text.hasPrefix("postgresql://") && text.hasSuffix("@postgres:5432/chatgpt_backend"))
            try await cluster.kubectl(
                "annotate", "cb", "kept", "chatbackend.io/reconcile-at=\(Date.now.timeIntervalSince1970)")
            try await eventually("everything was applied anew") {
                let status = try await cluster.object("cb", "kept")?["status"]
                return status?["lastHandledReconcileAt"] != nil
            }
            #expect(try await cluster.object("secret", "kept-secret", namespace: "kept")?["data"] == before)
            let config = try await cluster.object("configmap", "kept-config", namespace: "kept")
            // 100 connections less 5, for two pods and a third while they are replaced.
            #expect(config?["data", "DATABASE_POOL_SIZE"] == "12" && config?["data", "DATABASE_MAX_OVERFLOW"] == "19")
            try await cluster.delete("kept")
        }

        @Test("a Secret that is missing is told of with the command that makes it; a changed one rolls the pods")
        func secrets() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(
                backend("keyed", "  replicas: 0\n  openai: {apiKeySecretRef: {name: upstream, key: api-key}}"))
            try await cluster.wait("keyed", for: "Stalled", toBe: "True", reason: "SecretMissing")
            let status = try await cluster.object("cb", "keyed")?["status", "conditions"]?.array ?? []
            let message = status.first { $0["type"] == "Stalled" }?["message"]?.string ?? ""
            let command = "kubectl create secret generic upstream --namespace keyed --from-literal=api-key="
            #expect(message.contains(command), "\(message)")

            try await cluster.kubectl(
                "create", "secret", "generic", "upstream", "--namespace", "keyed", "--from-literal=api-key=one")
            try await cluster.wait("keyed", for: "Ready", toBe: "True")
            func hash() async throws -> JSONValue? {
                try await cluster.object("deployment", "keyed", namespace: "keyed")?[
                    "spec", "template", "metadata", "annotations", "chatbackend.io/secrets-hash"]
            }
            let before = try #require(try await hash())
            try await cluster.kubectl(
                "patch", "secret", "keyed-secret", "-n", "keyed", "--type=merge", "-p",
                #"{"stringData":{"SMTP_PASSWORD":"two"}}"#)
            try await eventually("the pods are to be made anew") { try await hash() != before }
            try await cluster.delete("keyed")
        }

        @Test("more connections than the server takes are refused, with the arithmetic")
        func budget() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(
                backend("crowded", "  replicas: 3\n  database: {managed: {}, pool: {size: 20, overflow: 30}}"))
            try await cluster.wait("crowded", for: "Stalled", toBe: "True", reason: "ConnectionBudgetExceeded")
            let status = try await cluster.object("cb", "crowded")?["status", "conditions"]?.array ?? []
            let message = status.first { $0["type"] == "Stalled" }?["message"]?.string ?? ""
            #expect(message.contains("200") && message.contains("95"), "\(message)")
            try await cluster.delete("crowded")
        }
    }
}
