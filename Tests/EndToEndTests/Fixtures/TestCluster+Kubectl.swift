import K8sClient
import Testing

extension TestCluster {
    /// Runs kubectl; the output when it succeeds.
    @discardableResult
    func kubectl(
        _ arguments: String..., input: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await kubectlResult(arguments, input: input)
        try #require(
            result.status == 0, "kubectl \(arguments.joined(separator: " ")): \(result.error)",
            sourceLocation: sourceLocation)
        return result.output
    }

    /// Runs kubectl, whatever comes of it.
    func kubectlResult(_ arguments: [String], input: String = "") async throws -> Program.Result {
        try await Program.system("kubectl").run(["--kubeconfig", kubeconfig] + arguments, input: input)
    }

    /// Applies a manifest as `kubectl apply -f` does.
    func apply(_ yaml: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await kubectl("apply", "-f", "-", input: yaml, sourceLocation: sourceLocation)
    }

    /// An object as the server holds it; nil when there is none.
    func object(_ kind: String, _ name: String, namespace: String? = nil) async throws -> JSONValue? {
        let scope = namespace.map { ["-n", $0] } ?? []
        let command = ["get", kind, name, "--ignore-not-found", "-o", "json"] + scope
        var result = try await kubectlResult(command + ["--show-managed-fields"])
        // Before version 1.21 kubectl showed them always, and has no flag for it.
        if result.error.contains("unknown flag") { result = try await kubectlResult(command) }
        try #require(result.status == 0, "kubectl get \(kind) \(name): \(result.error)")
        return result.output.isEmpty ? nil : try JSONValue(parsing: result.output)
    }

    /// A condition of a ChatBackend.
    func condition(_ type: String, of name: String) async throws -> JSONValue? {
        try await object("chatbackend", name)?["status", "conditions"]?.array?.first { $0["type"]?.string == type }
    }

    /// Waits for a condition of a ChatBackend.
    @discardableResult
    func wait(
        _ name: String, for type: String, toBe status: String, reason: String? = nil,
        within limit: Duration = .seconds(90)
    ) async throws -> JSONValue {
        try await eventually("\(type) of \(name) is \(status) \(reason ?? "")", within: limit) {
            let found = try await condition(type, of: name)
            let matches = found?["status"]?.string == status && (reason == nil || found?["reason"]?.string == reason)
            return matches ? found : nil
        }
    }

    /// Waits until a ChatBackend, and with it all that was made for it, is gone.
    func delete(_ name: String) async throws {
        try await kubectl("delete", "chatbackend", name, "--timeout=90s")
    }
}
