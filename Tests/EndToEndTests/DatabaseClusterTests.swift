import FoundationEssentials
import K8sClient
import Testing

extension OnACluster {
    /// Databases, caches and the Secrets that lead to them, with the real servers.
    @Suite(.needsEmbeddedCluster) struct DatabaseClusterTests {
        /// Pods migrate by themselves in `staging`, so that these tests are of the database alone.
        private func backend(_ name: String, _ spec: String) -> String {
            """
            apiVersion: chatbackend.io/v1
            kind: ChatBackend
            metadata: {name: \(name)}
            spec:
              environment: staging
            \(spec)
            """
        }

        /// Sends a body to the backend through its Service.
        private func post(_ path: String, _ body: String, to name: String) async throws -> Int {
            let cluster = try TestCluster.require()
            let service = try await cluster.object("service", "\(name)-service", namespace: name)
            let address = try #require(service?["spec", "clusterIP"]?.string)
            let answer = try await Program.system("curl").run([
                "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                "Content-Type: application/json", "-d", body, "http://\(address)/api/v1/auth/\(path)",
            ])
            return Int(answer.output) ?? 0
        }

        private let account = #"{"email":"a@example.dev","password":"Quiet-harbour-41"}"#

        private func logsIn(_ name: String) async throws {
            try await eventually("the account logs in") { try await post("login", account, to: name) == 200 }
        }

        private func data(_ secret: String, _ namespace: String) async throws -> [String: String] {
            try await TestCluster.require().object("secret", secret, namespace: namespace)?["data"]?.object?
                .compactMapValues(\.string) ?? [:]
        }

        /// Deletes the pods of a label and waits until others are ready.
        private func replacePods(_ label: String, _ namespace: String) async throws {
            let cluster = try TestCluster.require()
            try await cluster.kubectl("delete", "pod", "-n", namespace, "-l", label)
            try await cluster.kubectl(
                "wait", "pod", "-n", namespace, "-l", label, "--for=condition=Ready", "--timeout=90s")
        }

        /// A server that still makes its database ends only with its grace period.
        private func postgresIsReady(_ namespace: String) async throws {
            try await TestCluster.require().kubectl(
                "wait", "pod/postgres-0", "-n", namespace, "--for=condition=Ready", "--timeout=90s")
        }

        private func uids(_ label: String, _ namespace: String) async throws -> String {
            try await TestCluster.require().kubectl(
                "get", "pods", "-n", namespace, "-l", label, "-o", "jsonpath={.items[*].metadata.uid}")
        }

        @Test("an empty specification keeps an account over its pod's end, on a volume")
        func sqlite() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("onefile", "  replicas: 1"))
            try await cluster.wait("onefile", for: "Ready", toBe: "True")
            #expect(try await post("register", account, to: "onefile") == 201)
            try await replacePods("app=onefile", "onefile")
            try await logsIn("onefile")
            try await cluster.delete("onefile")
        }

        @Test("managed PostgreSQL and Redis serve an account, keep it over their pods' end, and keep their passwords")
        func managed() async throws {
            let cluster = try TestCluster.require()
            let both = "  replicas: 2\n  database: {managed: {}}\n  cache: {managed: {}}"
            try await cluster.apply(backend("served", both))
            try await cluster.wait("served", for: "Ready", toBe: "True")
            let made = try await data("served-secret", "served")
            #expect(made["DATABASE_URL"] != nil && made["REDIS_URL"] != nil)
            #expect(try await post("register", account, to: "served") == 201)
            try await logsIn("served")

            try await replacePods("app=served-postgres", "served")
            try await logsIn("served")
            try await replacePods("app=served-redis", "served")
            try await logsIn("served")
            // What was in Redis is gone with its pod; that Redis takes the password shows in the backend's readiness.
            try await cluster.wait("served", for: "Ready", toBe: "True")

            try await cluster.kubectl("delete", "service", "postgres", "-n", "served")
            try await eventually("the Service is back") {
                try await cluster.object("service", "postgres", namespace: "served") != nil
            }
            let shown = try await cluster.object("statefulset", "postgres", namespace: "served")
            let arguments = shown?["spec", "template", "spec", "containers"]?.array?.first?["args"]?.jsonText ?? ""
            #expect(arguments.contains("shared_buffers=256MB"))
            #expect(try await data("served-secret", "served") == made)
            try await cluster.delete("served")
            #expect(try await cluster.object("namespace", "served") == nil)
        }

        @Test(
            "a missing Secret stops at its command, which mends it; a changed value rolls the pods, and shows nowhere")
        func references() async throws {
            let cluster = try TestCluster.require()
            let reference = "  replicas: 1\n  openai: {apiKeySecretRef: {name: upstream, key: token}}"
            try await cluster.apply(backend("keyed", reference))
            let stalled = try await cluster.wait("keyed", for: "Stalled", toBe: "True", reason: "SecretMissing")
            let message = try #require(stalled["message"]?.string)
            let command = "kubectl create secret generic upstream --namespace keyed --from-literal=token=VALUE"
            #expect(message.contains(command))
            #expect(try await cluster.object("deployment", "keyed", namespace: "keyed") == nil)

            try await cluster.kubectl(
                "create", "secret", "generic", "upstream", "--namespace", "keyed", "--from-literal=token=first-value")
            try await cluster.wait("keyed", for: "Ready", toBe: "True")
            let before = try await uids("app=keyed", "keyed")

            try await cluster.kubectl(
                "patch", "secret", "upstream", "-n", "keyed", "--type=merge", "-p",
                #"{"stringData":{"token":"second-value"}}"#)
            try await eventually("the pod is another", within: .seconds(90)) {
                let now = try await uids("app=keyed", "keyed")
                return !now.isEmpty && now != before
            }
            let deployment = try await cluster.object("deployment", "keyed", namespace: "keyed")
            let resource = try await cluster.object("cb", "keyed")
            for text in [deployment?.jsonText ?? "", resource?.jsonText ?? ""] {
                #expect(!text.contains("second-value") && !text.contains("c2Vjb25kLXZhbHVl"))
            }
            try await cluster.wait("keyed", for: "Ready", toBe: "True")

            let key = try await uids("app=keyed", "keyed")
            try await cluster.kubectl(
                "patch", "secret", "keyed-secret", "-n", "keyed", "--type=merge", "-p",
                #"{"stringData":{"EXTRA":"x"}}"#)
            try await eventually("a key added to the shared Secret reaches the pods as well") {
                let now = try await uids("app=keyed", "keyed")
                return !now.isEmpty && now != key
            }

            try await cluster.kubectl("delete", "secret", "upstream", "-n", "keyed")
            try await cluster.wait("keyed", for: "Stalled", toBe: "True", reason: "SecretMissing")
            // The pods that run are left alone.
            try await cluster.wait("keyed", for: "Available", toBe: "True")
            try await cluster.delete("keyed")
        }

        @Test("pools beyond the server's connections are refused with the arithmetic, until they fit")
        func budget() async throws {
            let cluster = try TestCluster.require()
            func spec(_ pool: String) -> String { "  replicas: 0\n  database: {managed: {}, pool: \(pool)}" }
            try await cluster.apply(backend("budget", spec("{size: 90, overflow: 10}")))
            let stalled = try await cluster.wait(
                "budget", for: "Stalled", toBe: "True", reason: "ConnectionBudgetExceeded")
            #expect(stalled["message"]?.string?.contains("max_connections 100 − 5 in reserve = 95") == true)
            #expect(try await cluster.object("namespace", "budget") == nil)
            try await cluster.apply(backend("budget", spec("{size: 10}")))
            try await cluster.wait("budget", for: "Ready", toBe: "True")
            let config = try await cluster.object("configmap", "budget-config", namespace: "budget")
            #expect(config?["data", "DATABASE_POOL_SIZE"] == "10")
            try await postgresIsReady("budget")
            try await cluster.delete("budget")
        }

        @Test("somebody else's postgres in an adopted namespace is not taken over")
        func takenName() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(
                "kind: Namespace\napiVersion: v1\nmetadata: {name: lodging, labels: {chatbackend.io/adopt: 'true'}}")
            try await cluster.apply(
                """
                kind: Service
                apiVersion: v1
                metadata: {name: postgres, namespace: lodging}
                spec: {ports: [{port: 5432}], selector: {app: theirs}}
                """)
            try await cluster.apply(backend("lodger", "  namespace: lodging\n  replicas: 0\n  database: {managed: {}}"))
            let stalled = try await cluster.wait("lodger", for: "Stalled", toBe: "True", reason: "NameTaken")
            #expect(stalled["message"]?.string?.contains("Service postgres") == true)
            let service = try await cluster.object("service", "postgres", namespace: "lodging")
            #expect(service?["spec", "selector", "app"] == "theirs")
            try await cluster.kubectl("delete", "service", "postgres", "-n", "lodging")
            try await cluster.wait("lodger", for: "Ready", toBe: "True")
            try await postgresIsReady("lodging")
            try await cluster.delete("lodger")
            try await cluster.kubectl("delete", "namespace", "lodging")
        }

        @Test("CloudNativePG's Cluster waits for its definition, then for the Secret that it makes")
        func cloudNativePG() async throws {
            let cluster = try TestCluster.require()
            let spec = "  replicas: 0\n  database: {cloudNativePG: {instances: 1}}"
            try await cluster.apply(backend("cnpg", spec))
            let stalled = try await cluster.wait("cnpg", for: "Stalled", toBe: "True", reason: "KindNotServed")
            #expect(stalled["message"]?.string?.contains("clusters.postgresql.cnpg.io") == true)
            try await cluster.apply(
                """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: clusters.postgresql.cnpg.io}
                spec:
                  group: postgresql.cnpg.io
                  scope: Namespaced
                  names: {kind: Cluster, listKind: ClusterList, plural: clusters, singular: cluster}
                  versions:
                    - name: v1
                      served: true
                      storage: true
                      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
                """)
            try await cluster.wait("cnpg", for: "Reconciling", toBe: "True", reason: "DatabasePending")
            let made = try await cluster.object("clusters.postgresql.cnpg.io", "cnpg-database", namespace: "cnpg")
            #expect(made?["spec", "instances"] == 1)
            try await cluster.kubectl(
                "create", "secret", "generic", "cnpg-database-app", "-n", "cnpg",
                "--from-literal=uri=postgresql://u:p@h:5432/d")
            try await cluster.wait("cnpg", for: "Ready", toBe: "True")
            let deployment = try await cluster.object("deployment", "cnpg", namespace: "cnpg")
            let variables = deployment?["spec", "template", "spec", "containers"]?.array?.first?["env"]?.array
            let address = variables?.first { $0["name"] == "DATABASE_URL" }
            #expect(address?["valueFrom", "secretKeyRef", "name"] == "cnpg-database-app")
            try await cluster.delete("cnpg")
            try await cluster.kubectl("delete", "crd", "clusters.postgresql.cnpg.io")
        }
    }
}
