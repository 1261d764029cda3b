import FoundationEssentials
import K8sClient
import Testing

/// Everything that needs a cluster with an operator in it shares one.
@Suite(.clusterWithOperator) struct OnACluster {}

extension OnACluster {
    @Suite struct LifecycleTests {
        /// The sample, with times that a test can wait for.
        private func backend(_ name: String, replicas: Int = 1, _ more: String = "") -> String {
            """
            apiVersion: chatbackend.io/v1
            kind: ChatBackend
            metadata:
              name: \(name)
            spec:
              replicas: \(replicas)
              \(replicas == 0 ? "" : "database: {managed: {}}")
            \(more)
            """
        }

        @Test("the sample becomes the guide's objects, is served through its Service, and goes with all of them")
        func sample() async throws {
            let cluster = try TestCluster.require()
            try await cluster.kubectl(
                "apply", "-f", TestCluster.root + "/charts-free-manifests/samples/chatbackend.yaml")
            try await cluster.kubectl("wait", "--for=condition=Ready", "--timeout=120s", "cb/chatgpt-backend")

            for (kind, name) in [
                ("configmap", "chatgpt-backend-config"), ("secret", "chatgpt-backend-secret"),
                ("deployment", "chatgpt-backend"), ("service", "chatgpt-backend-service"),
                ("ingress", "chatgpt-backend-ingress"), ("cronjob", "chatgpt-backend-backup"),
                ("statefulset", "postgres"), ("service", "postgres"), ("deployment", "redis"), ("service", "redis"),
            ] {
                let object = try await cluster.object(kind, name, namespace: "chatgpt-backend")
                #expect(
                    object?["metadata", "labels", "app.kubernetes.io/instance"] == "chatgpt-backend", "\(kind) \(name)")
            }

            let row = try await cluster.kubectl("get", "cb", "chatgpt-backend").split(separator: "\n").map {
                $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
            }
            #expect(row[0] == ["NAME", "READY", "REPLICAS", "VERSION", "URL", "AGE"])
            #expect(row[1].prefix(5) == ["chatgpt-backend", "True", "3", "0.1.0", "https://api.yourdomain.com"])

            let description = try await cluster.kubectl("describe", "cb", "chatgpt-backend")
            #expect(
                description.contains("Created") && description.contains("Deployment chatgpt-backend/chatgpt-backend"))

            let pods = try await cluster.kubectl(
                "get", "pods", "-n", "chatgpt-backend", "-l", "app=chatgpt-backend", "--no-headers")
            #expect(pods.split(separator: "\n").count == 3)
            #expect(pods.split(separator: "\n").allSatisfy { $0.contains("1/1") && $0.contains("Running") })

            if cluster.process != nil {
                let service = try await cluster.object(
                    "service", "chatgpt-backend-service", namespace: "chatgpt-backend")
                let address = try #require(service?["spec", "clusterIP"]?.string)
                let health = try await Program.system("curl").run(["-fsS", "http://\(address)/health"])
                #expect(health.status == 0 && health.output.contains("ok"), "\(health.error)")
            }
            let logs = try await cluster.kubectl(
                "logs", "-n", "chatgpt-backend", "deployment/chatgpt-backend")
            #expect(logs.split(separator: "\n").allSatisfy { (try? JSONValue(parsing: String($0))) != nil })

            try await cluster.delete("chatgpt-backend")
            #expect(try await cluster.object("namespace", "chatgpt-backend") == nil)
        }

        @Test("scaling through the scale subresource and by an edit both reach the pods")
        func scaling() async throws {
            let cluster = try TestCluster.require()
            // SQLite would serve one pod.
            let database = "  environment: staging\n  database: {managed: {}}"
            try await cluster.apply(backend("scaled", replicas: 1, database))
            try await cluster.wait("scaled", for: "Ready", toBe: "True")
            try await cluster.kubectl("scale", "cb/scaled", "--replicas=3")
            try await eventually("three pods are ready") {
                try await cluster.object("cb", "scaled")?["status", "readyReplicas"] == 3
            }
            try await cluster.kubectl("patch", "cb", "scaled", "--type=merge", "-p", #"{"spec":{"replicas":0}}"#)
            try await eventually("no pod is left") {
                let pods = try await cluster.kubectl("get", "pods", "-n", "scaled", "-l", "app=scaled", "-o", "name")
                return pods.isEmpty
            }
            let ready = try await cluster.wait("scaled", for: "Ready", toBe: "True")
            #expect(ready["message"]?.string?.contains("zero") == true)
            try await cluster.delete("scaled")
        }

        @Test("what is edited or deleted behind the operator's back comes back; what others add stays")
        func drift() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("drift", replicas: 0))
            try await cluster.wait("drift", for: "Ready", toBe: "True")

            try await cluster.kubectl(
                "patch", "configmap", "drift-config", "-n", "drift", "--type=merge", "-p",
                #"{"data":{"LOG_LEVEL":"DEBUG","OTHERS":"stay"}}"#)
            try await eventually("the edit is undone") {
                try await cluster.object("configmap", "drift-config", namespace: "drift")?["data", "LOG_LEVEL"]
                    == "INFO"
            }
            let config = try await cluster.object("configmap", "drift-config", namespace: "drift")
            #expect(config?["data", "OTHERS"] == "stay")

            try await cluster.kubectl("delete", "service", "drift-service", "-n", "drift")
            try await eventually("the Service is back") {
                try await cluster.object("service", "drift-service", namespace: "drift") != nil
            }
            try await cluster.delete("drift")
        }

        @Test("a key that another puts into the Secret stays, and SECRET_KEY is made once")
        func sharedSecret() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("shared", replicas: 0))
            try await cluster.wait("shared", for: "Ready", toBe: "True")
            let made = try await cluster.object("secret", "shared-secret", namespace: "shared")?["data", "SECRET_KEY"]
            let text = try #require(made?.string)
            #expect(Data(base64Encoded: text)?.count == 43)

            try await cluster.kubectl(
                "patch", "secret", "shared-secret", "-n", "shared", "--type=merge", "-p",
                #"{"data":{"OPENAI_API_KEY":"a2V5"},"metadata":{"labels":{"app":"other"}}}"#)
            try await eventually("the label is ours again") {
                try await cluster.object("secret", "shared-secret", namespace: "shared")?["metadata", "labels", "app"]
                    == "shared"
            }
            let after = try await cluster.object("secret", "shared-secret", namespace: "shared")
            #expect(after?["data", "SECRET_KEY"] == made)
            #expect(after?["data", "OPENAI_API_KEY"] == "a2V5")
            try await cluster.delete("shared")
        }

        @Test("what a resource asks for no longer is deleted")
        func pruning() async throws {
            let cluster = try TestCluster.require()
            let more = "  backup: {}\n  exposure: {ingress: {host: pruned.example.dev}}"
            try await cluster.apply(backend("pruned", replicas: 0, more))
            try await cluster.wait("pruned", for: "Ready", toBe: "True")
            #expect(try await cluster.object("ingress", "pruned-ingress", namespace: "pruned") != nil)
            try await cluster.apply(backend("pruned", replicas: 0))
            try await eventually("Ingress and CronJob are gone") {
                let ingress = try await cluster.object("ingress", "pruned-ingress", namespace: "pruned")
                let cronJob = try await cluster.object("cronjob", "pruned-backup", namespace: "pruned")
                return ingress == nil && cronJob == nil
            }
            let inventory = try await eventually("the inventory says so") {
                let inventory = try await cluster.object("cb", "pruned")?["status", "inventory"]?.array ?? []
                return inventory.count == 6 ? inventory : nil
            }
            #expect(!inventory.contains { $0["kind"] == "Ingress" || $0["kind"] == "CronJob" })
            try await cluster.delete("pruned")
        }

        @Test("without a folder to write to, the backup's job fails and says so")
        func backup() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("saved", replicas: 0, "  backup: {}"))
            try await cluster.wait("saved", for: "Ready", toBe: "True")
            let cronJob = try await cluster.object("cronjob", "saved-backup", namespace: "saved")
            #expect(cronJob?["spec", "schedule"] == "0 2 * * *")
            let job: JSONValue = [
                "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "now", "namespace": "saved"],
                "spec": cronJob?["spec", "jobTemplate", "spec"] ?? [:],
            ]
            try await cluster.apply(job.jsonText)
            let log = try await eventually("the job's pod says why it failed") {
                let log = try await cluster.kubectlResult(["logs", "-n", "saved", "job/now"])
                return log.output.contains("/backups") ? log.output : nil
            }
            #expect(log.contains("cannot use the folder /backups"))
            try await cluster.delete("saved")
        }
    }
}
