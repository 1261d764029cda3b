import FoundationEssentials
import K8sClient
import Subprocess
import Synchronization
import Testing

/// An embedded cluster that keeps its state in a folder, started again and again.
struct KeptCluster: Sendable {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    var data: String { directory.path + "/data" }
    /// The kubeconfig of the first start, which has to stay good.
    var kubeconfig: String { directory.path + "/kubeconfig" }
    var log: String { directory.path + "/devcluster.log" }

    func remove() { directory.remove() }

    func client() throws -> KubernetesClient {
        KubernetesClient(configuration: try ClientConfiguration.load(kubeconfigPath: kubeconfig))
    }

    func kubectl(_ arguments: String..., input: String = "") async throws -> Program.Result {
        try await Program.system("kubectl").run(["--kubeconfig", kubeconfig] + arguments, input: input)
    }

    /// Starts the cluster, waits until it serves, and kills it without a warning after `body`.
    func runThenKill(images: String = "images: []", _ body: @Sendable () async throws -> Void) async throws {
        let imagesFile = directory.path + "/images.yaml"
        try Data(images.utf8).write(to: URL(filePath: imagesFile))
        try? FileManager.default.removeItem(atPath: log)  // the last start's
        try await Program.ours("devcluster").running(["run", "--data", data, "--images", imagesFile], log: log) {
            process in
            try await eventually("the cluster is ready; see \(log)") {
                try String(contentsOfFile: log, encoding: .utf8).contains("ready https://")
            }
            if !FileManager.default.fileExists(atPath: kubeconfig) {
                try FileManager.default.copyItem(atPath: data + "/admin.kubeconfig", toPath: kubeconfig)
            }
            try await body()
            try await Program.system("kill").run(["-KILL", "\(process.value)"]).requireSuccess()
        }
    }
}

extension Program.Result {
    func requireSuccess(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try #require(status == 0, "\(error)", sourceLocation: sourceLocation)
    }
}

/// What a closure that runs elsewhere found out.
final class Captured<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func set(_ new: Value) { value.withLock { $0 = new } }
    func get() -> Value? { value.withLock { $0 } }
}
