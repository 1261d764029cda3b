import FoundationEssentials
import Glibc
import K8sClient
import Subprocess
import SystemPackage
import Testing

@testable import devcluster

@Suite("The cluster as a process", .serialized)
struct NodeProcessTests {
    /// The executable beside the tests.
    private static var executable: String {
        var parts = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast()
        return parts.joined(separator: "/") + "/devcluster"
    }

    /// The numbers of the processes that have a text in their environment.
    private static func processes(with mark: String) -> [pid_t] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { pid_t($0) }.filter {
            guard let data = try? Data(contentsOf: URL(filePath: "/proc/\($0)/environ")) else { return false }
            return String(decoding: data, as: UTF8.self).contains(mark)
        }
    }

    @Test("However the cluster ends, no process of a pod is left", arguments: [SIGTERM, SIGKILL])
    func leavesNothing(_ signal: CInt) async throws {
        let directory = FileManager.default.temporaryDirectory.path() + "devcluster-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data("images: [{image: shell, entrypoint: [/bin/sh, -c]}]".utf8).write(
            to: URL(filePath: directory + "/images.yaml"))
        let mark = "MARK=\(UInt64.random(in: 0 ... .max))"
        let result = try await Subprocess.run(
            .path(FilePath(Self.executable)),
            arguments: ["run", "--dir", directory, "--images", directory + "/images.yaml"], input: .none,
            output: .sequence, error: .discarded
        ) { execution in
            var lines = execution.standardOutput.strings().makeAsyncIterator()
            let ready = try await lines.next()
            #expect(ready?.hasPrefix("ready https://127.0.0.1:") == true)
            let client = KubernetesClient(
                configuration: try .load(kubeconfigPath: directory + "/admin.kubeconfig"))
            _ = try? await client.create(.namespaces, ["metadata": ["name": "here"]])
            let value = String(mark.dropFirst("MARK=".count))
            // A child of its own session, too: it dies with its process namespace.
            try await client.create(
                .pods,
                [
                    "metadata": ["name": "stays", "namespace": "here"],
                    "spec": [
                        "automountServiceAccountToken": false,
                        "containers": [
                            [
                                "name": "app", "image": "shell", "env": [["name": "MARK", "value": .string(value)]],
                                "args": ["trap '' TERM; setsid sleep 1000 & sleep 1000; sleep 1000"],
                                // A command that is always under way, and given up again and again.
                                "startupProbe": [
                                    "exec": ["command": ["sh", "-c", "sleep 1000; true"]], "periodSeconds": 1,
                                    "failureThreshold": 1000,
                                ],
                            ]
                        ],
                    ],
                ], namespace: "here")
            let deadline = ContinuousClock.now + .seconds(30)
            // bwrap twice, the shell and its two children
            while Self.processes(with: mark).count < 5 {
                try #require(ContinuousClock.now < deadline)
                try await Task.sleep(for: .milliseconds(50))
            }
            await client.shutdown()
            try execution.send(signal: .init(rawValue: signal))
            while try await lines.next() != nil {}
        }
        if signal == SIGTERM { #expect(result.terminationStatus == .exited(0)) }
        // The kernel needs a moment to end what was orphaned.
        let deadline = ContinuousClock.now + .seconds(10)
        while !Self.processes(with: mark).isEmpty {
            try #require(ContinuousClock.now < deadline, "left: \(Self.processes(with: mark))")
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
