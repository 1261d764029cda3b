import FoundationEssentials
import K8sClient
import Testing

extension OnACluster {
    /// What stays of a deleted backend, and how one of the same name takes it up.
    @Suite(.needsEmbeddedCluster) struct DeletionPolicyTests {
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

        private func post(_ path: String, to name: String) async throws -> Int {
            let cluster = try TestCluster.require()
            let service = try await cluster.object("service", "\(name)-service", namespace: name)
            let address = try #require(service?["spec", "clusterIP"]?.string)
            let answer = try await Program.system("curl").run([
                "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                "Content-Type: application/json", "-d",
                #"{"email":"a@example.dev","password":"Quiet-harbour-41"}"#, "http://\(address)/api/v1/auth/\(path)",
            ])
            return Int(answer.output) ?? 0
        }

        private func names(_ kind: String, _ namespace: String) async throws -> Set<String> {
            let text = try await TestCluster.require().kubectl(
                "get", kind, "-n", namespace, "-o", "jsonpath={.items[*].metadata.name}")
            return Set(text.split(separator: " ").map(String.init))
        }

        @Test(
            "Retain keeps volumes and Secrets, nothing else; a resource of the same name goes on with the same data",
            arguments: [("kept", "  replicas: 1"), ("kept-postgres", "  replicas: 1\n  database: {managed: {}}")])
        func retain(_ name: String, _ database: String) async throws {
            let cluster = try TestCluster.require()
            let manifest = backend(name, database + "\n  deletionPolicy: Retain")
            try await cluster.apply(manifest)
            try await cluster.wait(name, for: "Ready", toBe: "True")
            #expect(try await post("register", to: name) == 201)
            let secret = try await cluster.object("secret", "\(name)-secret", namespace: name)?["data"]
            let volumes = try await names("pvc", name)
            #expect(volumes.count == 1)

            try await cluster.delete(name)
            let namespace = try await cluster.object("namespace", name)
            #expect(namespace?["metadata", "labels", "chatbackend.io/retained"] == "true")
            #expect(namespace?["metadata", "ownerReferences"] == nil)
            #expect(try await names("pvc", name) == volumes)
            #expect(try await cluster.object("secret", "\(name)-secret", namespace: name)?["data"] == secret)
            for kind in ["deployment", "statefulset", "service", "ingress", "cronjob", "job"] {
                #expect(try await names(kind, name).isEmpty, "\(kind)")
            }
            // The garbage collector has had its turn over the children when it had it over this one's pods.
            try await eventually("the pods are gone") { try await names("pod", name).isEmpty }
            #expect(try await names("pvc", name) == volumes)

            try await cluster.apply(manifest)
            try await cluster.wait(name, for: "Ready", toBe: "True")
            #expect(try await cluster.object("secret", "\(name)-secret", namespace: name)?["data"] == secret)
            try await eventually("the account of before logs in") { try await post("login", to: name) == 200 }
            let labels = try await cluster.object("namespace", name)?["metadata", "labels"]
            #expect(labels?["chatbackend.io/retained"] == nil)

            try await cluster.kubectl(
                "patch", "cb", name, "--type=merge", "-p", #"{"spec":{"deletionPolicy":"Delete"}}"#)
            try await cluster.delete(name)
            #expect(try await cluster.object("namespace", name) == nil)
        }

        @Test("FinalBackup makes a backup of what was there last, and keeps that alone")
        func finalBackup() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("parting", "  replicas: 1\n  deletionPolicy: FinalBackup"))
            try await cluster.wait("parting", for: "Ready", toBe: "True")
            #expect(try await post("register", to: "parting") == 201)
            try await cluster.delete("parting")
            #expect(try await names("pvc", "parting") == ["parting-backups"])
            #expect(try await names("secret", "parting").isEmpty)
            // The volume has the backup in it: a pod shows.
            try await cluster.apply(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: look, namespace: parting}
                spec:
                  restartPolicy: Never
                  containers:
                    - {name: look, image: busybox, args: [-c, ls /backups], volumeMounts: [{name: b, mountPath: /backups}]}
                  volumes: [{name: b, persistentVolumeClaim: {claimName: parting-backups}}]
                """)
            try await eventually("the backup's file is there") {
                try await cluster.kubectlResult(["logs", "-n", "parting", "look"]).output.contains("db_backup_")
            }
            try await cluster.kubectl("delete", "namespace", "parting")
        }

        @Test("a backup that fails holds the deletion back, says what to do, and lets go when told to")
        func failedFinalBackup() async throws {
            let cluster = try TestCluster.require()
            // No SQLite file was ever made: there is nothing to back up.
            try await cluster.apply(backend("clinging", "  replicas: 0\n  deletionPolicy: FinalBackup"))
            try await cluster.wait("clinging", for: "Ready", toBe: "True")
            try await cluster.kubectl("delete", "cb", "clinging", "--wait=false")
            let stalled = try await cluster.wait(
                "clinging", for: "Stalled", toBe: "True", reason: "FinalBackupFailed", within: .seconds(180))
            #expect(stalled["message"]?.string?.contains("set spec.deletionPolicy to Delete") == true)
            #expect(try await names("pvc", "clinging").contains("clinging-data"))
            try await cluster.kubectl(
                "patch", "cb", "clinging", "--type=merge", "-p", #"{"spec":{"deletionPolicy":"Delete"}}"#)
            try await eventually("the resource and its namespace are gone") {
                let resource = try await cluster.object("cb", "clinging")
                let namespace = try await cluster.object("namespace", "clinging")
                return resource == nil && namespace == nil
            }
        }

        @Test("scheduled backups are kept on their volume")
        func scheduledBackup() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("scheduled", "  replicas: 1\n  backup: {storage: {size: 1Gi}}"))
            try await cluster.wait("scheduled", for: "Ready", toBe: "True")
            let cronJob = try await cluster.object("cronjob", "scheduled-backup", namespace: "scheduled")
            let job: JSONValue = [
                "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "now", "namespace": "scheduled"],
                "spec": cronJob?["spec", "jobTemplate", "spec"] ?? [:],
            ]
            try await cluster.apply(job.jsonText)
            try await cluster.kubectl(
                "wait", "job/now", "-n", "scheduled", "--for=condition=Complete", "--timeout=90s")
            try await cluster.delete("scheduled")
        }
    }
}
