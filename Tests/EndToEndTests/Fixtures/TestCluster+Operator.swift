import K8sClient
import Subprocess
import Testing

extension TestCluster {
    /// Installs the CRD and the operator's permissions, as the README says.
    func install() async throws {
        try await kubectl("apply", "-f", Self.root + "/crds")
        try await kubectl("apply", "-f", Self.root + "/charts-free-manifests/namespace.yaml")
        try await kubectl("apply", "-f", Self.root + "/charts-free-manifests/rbac.yaml")
        try await kubectl(
            "wait", "--for=condition=Established", "--timeout=30s", "crd/chatbackends.chatbackend.io")
    }

    /// An operator as a process beside `body`, as its own service account.
    /// - Returns: Its exit status.
    @discardableResult
    func runningOperator(
        _ arguments: [String] = [], name: String = "operator", _ body: @Sendable (RunningOperator) async throws -> Void
    ) async throws -> Int32 {
        let kubeconfig = try await operatorKubeconfig()
        let log = directory + "/\(name).log"
        return try await Program.ours("chatbackend-operator").running(
            [
                "run", "--kubeconfig", kubeconfig, "--namespace", "chatbackend-system", "--listen", "127.0.0.1:0",
                "--log-level", "debug",
            ]
                + arguments, log: log
        ) { process in
            try await body(RunningOperator(process: process, log: log))
        }
    }

    /// A kubeconfig with a token of the operator's service account.
    func operatorKubeconfig() async throws -> String {
        let request = """
            {"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":86400}}
            """
        let answer = try await kubectl(
            "create", "--raw", "/api/v1/namespaces/chatbackend-system/serviceaccounts/chatbackend-operator/token",
            "-f", "-", input: request)
        let token = try #require(try JSONValue(parsing: answer)["status", "token"]?.string)
        let config = try await kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
        var kubeconfig = try JSONValue(parsing: config)
        let user = kubeconfig["users"]?.array?.first?["name"] ?? "operator"
        kubeconfig["users"] = [["name": user, "user": ["token": .string(token)]]]
        return try file("operator-\(UInt32.random(in: 0 ... .max)).kubeconfig", YAML.serialize(kubeconfig))
    }
}

/// An operator that a test started.
struct RunningOperator: Sendable {
    let process: ProcessIdentifier
    let log: String
}
