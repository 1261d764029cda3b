import FoundationEssentials
import K8sClient
import Subprocess
import Testing

/// The cluster that the tests of a suite use: the embedded one, or the real one that CHATBACKEND_KUBECONFIG names.
struct TestCluster: Sendable {
    @TaskLocal private static var current: TestCluster?

    let kubeconfig: String
    /// A folder for this cluster's files, removed afterwards.
    let directory: String
    /// The embedded cluster's process; nil for a real cluster.
    let process: ProcessIdentifier?

    static func require() throws -> TestCluster {
        try #require(current, "the suite lacks the trait .cluster")
    }

    /// The root of the package.
    static let root: String = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// Starts a cluster, runs `body` and ends the cluster.
    static func running(_ body: @Sendable (TestCluster) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        if let kubeconfig = externalKubeconfig {
            return try await runningExternal(kubeconfig, directory: directory.path) { cluster in
                try await $current.withValue(cluster) { try await body(cluster) }
            }
        }
        let backend = Program.ours("chatgpt-backend").executable
        let images = """
            images:
              - image: chatgpt-backend
                entrypoint: ["\(backend)"]
                args: [serve, --drain-delay, "1"]
                user: 65532
                workingDir: /tmp
                env: {HOST: $(POD_IP)}
              - image: chatbackend-operator
                entrypoint: ["\(Program.ours("chatbackend-operator").executable)"]
                args: [run]
                user: 65532
              - image: busybox
                entrypoint: [/bin/sh]
            """
        try Data(images.utf8).write(to: URL(filePath: directory.path + "/images.yaml"))
        let log = directory.path + "/devcluster.log"
        let state = directory.path + "/cluster"
        try await Program.ours("devcluster").running(
            ["run", "--dir", state, "--images", directory.path + "/images.yaml"], log: log
        ) { process in
            let cluster = TestCluster(
                kubeconfig: state + "/admin.kubeconfig", directory: directory.path, process: process)
            try await eventually("the embedded cluster is ready; see \(log)", within: .seconds(30)) {
                try String(contentsOfFile: log, encoding: .utf8).contains("ready https://")
            }
            try await $current.withValue(cluster) { try await body(cluster) }
        }
    }

    /// A file of the cluster's folder with this content.
    func file(_ name: String, _ text: String) throws -> String {
        let path = directory + "/" + name
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }
}

/// A folder that is removed after use, unless CHATBACKEND_KEEP_FILES is set.
struct TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "chatbackend-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    func remove() {
        if ProcessInfo.processInfo.environment["CHATBACKEND_KEEP_FILES"] != nil { return print("kept \(path)") }
        // What is left of a test is no reason to fail it.
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Gives every test of a suite the same cluster.
struct ClusterTrait: SuiteTrait, TestScoping {
    /// Whether the CRD, the permissions and the operator are there as well.
    let withOperator: Bool

    var isRecursive: Bool { false }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestCluster.running { cluster in
            guard withOperator else { return try await function() }
            try await cluster.install()
            try await cluster.runningOperator { _ in try await function() }
        }
    }
}

extension Trait where Self == ClusterTrait {
    /// A cluster of the suite's own.
    static var cluster: ClusterTrait { ClusterTrait(withOperator: false) }
    /// A cluster of the suite's own, with the operator running.
    static var clusterWithOperator: ClusterTrait { ClusterTrait(withOperator: true) }
}
