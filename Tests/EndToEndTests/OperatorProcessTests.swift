import FoundationEssentials
import K8sClient
import Subprocess
import Testing

/// Starting, stopping and replacing operators: each test has a cluster of its own.
@Suite(.serialized) struct OperatorProcessTests {
    private let backend = """
        apiVersion: chatbackend.io/v1
        kind: ChatBackend
        metadata: {name: steady}
        spec: {replicas: 0, backup: {}, exposure: {ingress: {host: steady.example.dev}}}
        """

    /// The resource versions of everything made for the backend, and of the backend.
    private func versions(_ cluster: TestCluster) async throws -> [String: String] {
        var versions: [String: String] = [:]
        let resource = try await cluster.object("cb", "steady")
        versions["cb"] = resource?["metadata", "resourceVersion"]?.string
        for entry in resource?["status", "inventory"]?.array ?? [] {
            let kind = entry["kind"]?.string ?? ""
            let name = entry["name"]?.string ?? ""
            let object = try await cluster.object(kind, name, namespace: entry["namespace"]?.string)
            versions["\(kind)/\(name)"] = object?["metadata", "resourceVersion"]?.string
        }
        return versions
    }

    @Test("a restarted operator writes nothing when nothing changed")
    func restart() async throws {
        try await TestCluster.running { cluster in
            try await cluster.install()
            try await cluster.runningOperator(name: "first") { _ in
                try await cluster.apply(backend)
                try await cluster.wait("steady", for: "Ready", toBe: "True")
            }
            let before = try await versions(cluster)
            #expect(before.count == 9)
            try await cluster.runningOperator(name: "second") { running in
                try await eventually("the second operator leads") {
                    try String(contentsOfFile: running.log, encoding: .utf8).contains("\"leading\"")
                }
                // A change that comes after the look at everything shows that the look is over.
                try await cluster.kubectl(
                    "patch", "cb", "steady", "--type=merge", "-p", #"{"spec":{"config":{"logLevel":"DEBUG"}}}"#)
                try await eventually("the change arrived") {
                    try await cluster.object("configmap", "steady-config", namespace: "steady")?["data", "LOG_LEVEL"]
                        == "DEBUG"
                }
                let after = try await versions(cluster)
                #expect(after["Secret/steady-secret"] == before["Secret/steady-secret"])
                #expect(after["Service/steady-service"] == before["Service/steady-service"])
                #expect(after["Ingress/steady-ingress"] == before["Ingress/steady-ingress"])
                #expect(after["CronJob/steady-backup"] == before["CronJob/steady-backup"])
            }
        }
    }

    @Test("SIGTERM ends the operator with status 0 and releases the Lease for the next one")
    func release() async throws {
        try await TestCluster.running { cluster in
            try await cluster.install()
            let status = try await cluster.runningOperator(name: "only") { _ in
                try await eventually("the Lease is held") {
                    try await cluster.object("lease", "chatbackend-operator", namespace: "chatbackend-system")?[
                        "spec", "holderIdentity"]?.string?.isEmpty == false
                }
            }
            #expect(status == 0)
            let lease = try await cluster.object("lease", "chatbackend-operator", namespace: "chatbackend-system")
            #expect(lease?["spec", "holderIdentity"]?.string ?? "" == "")
        }
    }

    @Test("a killed leader is followed by the other replica, which carries on")
    func takeover() async throws {
        try await TestCluster.running { cluster in
            try await cluster.install()
            try await cluster.runningOperator(name: "a") { first in
                try await eventually("the first operator leads") {
                    try String(contentsOfFile: first.log, encoding: .utf8).contains("\"leading\"")
                }
                try await cluster.runningOperator(name: "b") { second in
                    try await eventually("the second operator is ready to take over") {
                        try String(contentsOfFile: second.log, encoding: .utf8).contains("caches are filled")
                    }
                    #expect(!(try String(contentsOfFile: second.log, encoding: .utf8)).contains("\"leading\""))
                    _ = try await Program.system("kill").run(["-9", "\(first.process)"])
                    try await cluster.apply(backend)
                    try await cluster.wait("steady", for: "Ready", toBe: "True", within: .seconds(60))
                    #expect(try String(contentsOfFile: second.log, encoding: .utf8).contains("\"leading\""))
                }
            }
        }
    }

    @Test("a missing permission is told of as that permission, and the work goes on when it is granted")
    func missingPermission() async throws {
        try await TestCluster.running { cluster in
            try await cluster.install()
            let role = try await cluster.object("clusterrole", "chatbackend-operator")
            var narrowed = try #require(role)
            narrowed["metadata"] = ["name": "chatbackend-operator"]
            narrowed["rules"] = .array(
                (narrowed["rules"]?.array ?? []).map { rule in
                    var rule = rule
                    if rule["resources"]?.array?.contains("cronjobs") == true { rule["verbs"] = ["list", "watch"] }
                    return rule
                })
            try await cluster.kubectl("replace", "-f", "-", input: narrowed.jsonText)
            try await cluster.runningOperator { _ in
                try await cluster.apply(backend)
                let stalled = try await cluster.wait(
                    "steady", for: "Stalled", toBe: "True", reason: "PermissionDenied")
                #expect(stalled["message"]?.string?.contains("cronjobs") == true)
                try await cluster.kubectl("apply", "-f", TestCluster.root + "/charts-free-manifests/rbac.yaml")
                try await cluster.wait("steady", for: "Ready", toBe: "True")
            }
        }
    }

    @Test("metrics and readiness are served")
    func endpoints() async throws {
        try await TestCluster.running { cluster in
            try await cluster.install()
            try await cluster.runningOperator { running in
                let port = try await eventually("the endpoints' port is logged") { () -> String? in
                    let log = try String(contentsOfFile: running.log, encoding: .utf8)
                    return log.split(separator: "\n").first { $0.contains("\"serving\"") }
                        .flatMap { try? JSONValue(parsing: String($0))["address"]?.string }
                        .flatMap { $0.split(separator: ":").last.map(String.init) }
                }
                try await eventually("it is ready") {
                    try await Program.system("curl").run(["-fsS", "http://127.0.0.1:\(port)/readyz"]).status == 0
                }
                try await cluster.apply(backend)
                try await cluster.wait("steady", for: "Ready", toBe: "True")
                let metrics = try await Program.system("curl").run(["-fsS", "http://127.0.0.1:\(port)/metrics"]).output
                for name in [
                    "controller_runtime_reconcile_total{", "controller_runtime_reconcile_time_seconds_count",
                    "controller_runtime_reconcile_errors_total{", "controller_runtime_active_workers{",
                    "controller_runtime_max_concurrent_reconciles{controller=\"chatbackend\"} 8",
                    "workqueue_depth{", "workqueue_adds_total{", "workqueue_retries_total{",
                    "workqueue_work_duration_seconds_count{", "chatbackend_resources{condition=\"ready\"} 1",
                    "chatbackend_resources{condition=\"stalled\"} 0", "leader_election_master_status{",
                    "process_resident_memory_bytes",
                ] {
                    #expect(metrics.contains(name), "\(name)")
                }
                let check = try await Program.system("promtool").run(["check", "metrics"], input: metrics)
                #expect(check.status == 0, "promtool: \(check.output)\(check.error)")
                for (arguments, status) in [
                    (["http://127.0.0.1:\(port)/healthz", "-I"], "200"), (["http://127.0.0.1:\(port)/nothing"], "404"),
                    (["http://127.0.0.1:\(port)/healthz", "-d", "x"], "405"),
                ] {
                    let answer = try await Program.system("curl").run(
                        ["-sS", "-o", "/dev/null", "-w", "%{http_code}"] + arguments)
                    #expect(answer.output == status, "\(arguments)")
                }
            }
        }
    }

    @Test(
        "installed as its manifest says, the operator works from inside the cluster, with two replicas",
        .needsEmbeddedCluster)
    func inCluster() async throws {
        try await TestCluster.running { cluster in
            try await cluster.install()
            let manifest = try String(
                contentsOfFile: TestCluster.root + "/charts-free-manifests/operator.yaml", encoding: .utf8)
            var deployment = try #require(try YAML.parse(manifest).first).value
            // Embedded pods share the machine's network: each has to listen on its own address.
            let path = ["spec", "template", "spec", "containers"]
            var container = try #require(deployment[path: path[...]]?.array?.first)
            container["args"] = ["run", "--listen", "$(POD_IP):8080"]
            let address: JSONValue = ["name": "POD_IP", "valueFrom": ["fieldRef": ["fieldPath": "status.podIP"]]]
            container["env"] = .array([address] + (container["env"]?.array ?? []))
            deployment[path: path[...]] = [container]
            try await cluster.apply(deployment.jsonText)

            try await cluster.kubectl(
                "rollout", "status", "deployment/chatbackend-operator", "-n", "chatbackend-system", "--timeout=180s")
            try await cluster.apply(backend)
            try await cluster.wait("steady", for: "Ready", toBe: "True")
            let pods = try await cluster.kubectl("get", "pods", "-n", "chatbackend-system", "--no-headers")
            #expect(pods.split(separator: "\n").count == 2)
            #expect(pods.split(separator: "\n").allSatisfy { $0.contains("1/1") })
        }
    }
}
