import FoundationEssentials
import K8sClient
import Testing

/// The operator while the cluster under it is killed and started again.
@Suite(.needsEmbeddedCluster) struct OperatorOverRestartTests {
    private let backend = """
        apiVersion: chatbackend.io/v1
        kind: ChatBackend
        metadata: {name: lasting}
        spec: {replicas: 0}
        """

    @Test("an operator that runs on sees the cluster's restart as a new list: it writes nothing, and goes on")
    func restart() async throws {
        let kept = try KeptCluster()
        defer { kept.remove() }
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let cluster = TestCluster(kubeconfig: kept.kubeconfig, directory: directory.path, process: nil)
        let (ending, end) = AsyncStream<Void>.makeStream()
        let running = Captured<Task<Int32, any Error>>()
        let before = Captured<JSONValue>()
        let backend = backend
        do {
            try await kept.runThenKill {
                try await cluster.install()
                running.set(
                    Task {
                        try await cluster.runningOperator { _ in
                            for await _ in ending {}
                        }
                    })
                try await cluster.apply(backend)
                try await cluster.wait("lasting", for: "Ready", toBe: "True")
                before.set(try #require(try await cluster.object("deployment", "lasting", namespace: "lasting")))
            }
            try await kept.runThenKill {
                let deployment = try await cluster.object("deployment", "lasting", namespace: "lasting")
                #expect(deployment == before.get())
                try await cluster.kubectl(
                    "patch", "cb", "lasting", "--type=merge", "-p", #"{"spec":{"config":{"logLevel":"DEBUG"}}}"#)
                try await eventually("the change arrived") {
                    try await cluster.object("configmap", "lasting-config", namespace: "lasting")?["data", "LOG_LEVEL"]
                        == "DEBUG"
                }
                let uid = try await cluster.object("deployment", "lasting", namespace: "lasting")?["metadata", "uid"]
                #expect(uid == before.get()?["metadata", "uid"])
                end.finish()
                let status = try await running.get()?.value
                #expect(status == 0)
            }
        } catch {
            end.finish()
            // The test's own error is the one to tell of.
            _ = try? await running.get()?.value
            throw error
        }
    }
}
