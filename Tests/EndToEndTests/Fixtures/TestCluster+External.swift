import FoundationEssentials
import K8sClient
import Testing

/// A cluster that was there before the tests and stays after them.
extension TestCluster {
    /// The kubeconfig of the cluster to test on; nil for embedded ones of the tests' own.
    static let externalKubeconfig = ProcessInfo.processInfo.environment["CHATBACKEND_KUBECONFIG"].flatMap {
        $0.isEmpty ? nil : $0
    }

    /// What tests add to a cluster.
    private struct Inhabitants: Sendable {
        var namespaces: Set<String>
        var hasDefinitions: Bool
        var backends: Set<String>
    }

    /// Runs `body` on the external cluster, then deletes what was added to it.
    static func runningExternal(
        _ kubeconfig: String, directory: String, _ body: @Sendable (TestCluster) async throws -> Void
    ) async throws {
        let cluster = TestCluster(kubeconfig: kubeconfig, directory: directory, process: nil)
        let before = try await cluster.inhabitants()
        do {
            try await body(cluster)
        } catch {
            // The body's error is the one to tell of.
            try? await cluster.cleanUp(to: before)
            throw error
        }
        try await cluster.cleanUp(to: before)
    }

    private func names(_ arguments: String...) async throws -> Set<String> {
        let result = try await kubectlResult(["get"] + arguments + ["-o", "jsonpath={.items[*].metadata.name}"])
        try #require(result.status == 0, "kubectl get \(arguments.joined(separator: " ")): \(result.error)")
        return Set(result.output.split(separator: " ").map(String.init))
    }

    private func inhabitants() async throws -> Inhabitants {
        let hasDefinitions = try await names("crds").contains("chatbackends.chatbackend.io")
        return Inhabitants(
            namespaces: try await names("namespaces"), hasDefinitions: hasDefinitions,
            backends: hasDefinitions ? try await names("chatbackends") : [])
    }

    private func cleanUp(to before: Inhabitants) async throws {
        let after = try await inhabitants()
        for name in after.backends.subtracting(before.backends) {
            // No operator runs any more that would let it go.
            _ = try await kubectlResult(
                ["patch", "chatbackend", name, "--type=merge", "-p", #"{"metadata":{"finalizers":null}}"#])
            try await kubectl("delete", "chatbackend", name, "--ignore-not-found", "--timeout=60s")
        }
        if !before.hasDefinitions {
            for folder in ["/charts-free-manifests/rbac.yaml", "/crds"] {
                try await kubectl("delete", "--ignore-not-found", "--timeout=120s", "-f", Self.root + folder)
            }
        }
        let namespaces = try await names("namespaces").subtracting(before.namespaces).sorted()
        guard !namespaces.isEmpty else { return }
        let result = try await kubectlResult(
            ["delete", "namespace", "--ignore-not-found", "--timeout=120s"] + namespaces)
        try #require(result.status == 0, "kubectl delete namespace: \(result.error)")
    }
}

extension Trait where Self == ConditionTrait {
    /// For what starts, stops or kills a cluster, which is not done to one that others use.
    static var needsEmbeddedCluster: Self {
        .disabled(
            if: TestCluster.externalKubeconfig != nil,
            "it needs an embedded cluster of its own, and CHATBACKEND_KUBECONFIG names another one")
    }
}
