import K8sClient
import Testing

/// What the operator's commands say on the terminal, without a cluster.
@Suite struct CommandLineTests {
    private let program = Program.ours("chatbackend-operator")

    @Test("version names the program and its version")
    func version() async throws {
        let result = try await program.run(["version"])
        #expect(result.status == 0)
        #expect(result.output.hasPrefix("chatbackend-operator 0."))
    }

    @Test("render prints the guide's objects, its servers and their disruption budget, in the order of applying")
    func render() async throws {
        let result = try await program.run(
            ["render", "-f", TestCluster.root + "/charts-free-manifests/samples/chatbackend.yaml"])
        #expect(result.status == 0)
        let kinds = try YAML.parse(result.output).map { $0.value["kind"]?.string }
        #expect(
            kinds == [
                "Namespace", "ConfigMap", "Secret", "PersistentVolumeClaim", "Service", "StatefulSet", "Service",
                "Deployment", "Service",
                "Deployment", "PodDisruptionBudget", "Ingress", "CronJob",
            ])
    }

    @Test("render names line and column of broken YAML, on standard input as well")
    func brokenYAML() async throws {
        let result = try await program.run(["render", "-f", "-"], input: "kind: ChatBackend\n  name: [\n")
        #expect(result.status == 65)
        #expect(result.output.isEmpty)
        #expect(result.error.contains("line 2, column"))
        #expect(result.error.split(separator: "\n").count == 1)
    }

    @Test("render refuses kinds that it does not know, and files that are not there, in one sentence")
    func badFiles() async throws {
        let unknown = try await program.run(["render", "-f", "-"], input: "apiVersion: v1\nkind: Pod\n")
        #expect(unknown.status == 65)
        #expect(unknown.error.contains("the kind Pod of v1 is not known here"))
        let missing = try await program.run(["render", "-f", "/no/such/file.yaml"])
        #expect(missing.status == 66)
        #expect(missing.error.contains("/no/such/file.yaml"))
        let reserved = """
            apiVersion: chatbackend.io/v1
            kind: ChatBackend
            metadata: {name: a}
            spec: {namespace: kube-system}
            """
        let refused = try await program.run(["render", "-f", "-"], input: reserved)
        #expect(refused.status == 65)
        #expect(refused.error.contains("kube-system"))
    }

    @Test("run names the kubeconfig that is missing")
    func missingKubeconfig() async throws {
        let result = try await program.run(["run", "--kubeconfig", "/no/such/kubeconfig"])
        #expect(result.status == 69)
        #expect(result.error.contains("/no/such/kubeconfig"))
    }

    @Test("run names the server that does not answer")
    func unreachable() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let kubeconfig = """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: u, user: {token: t0psecret}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            current-context: x
            """
        let cluster = TestCluster(kubeconfig: "", directory: directory.path, process: nil)
        let path = try cluster.file("kubeconfig", kubeconfig)
        let result = try await program.run(["run", "--kubeconfig", path])
        #expect(result.status == 69)
        #expect(result.error.contains("127.0.0.1"))
        #expect(!(result.error + result.output).contains("t0psecret"))
    }
}
