import FoundationEssentials
import Testing

/// The first of the README's two commands, as a newcomer runs it.
@Suite(.needsEmbeddedCluster) struct QuickstartTests {
    private func quickstart(_ arguments: [String]) async throws -> Program.Result {
        try await Program.system("bash").run(["hack/quickstart"] + arguments, in: TestCluster.root)
    }

    /// Processes that name the folder in their command line: what a start in it left running.
    private func processes(naming folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { $0.allSatisfy(\.isNumber) }.compactMap {
            // A process that ended meanwhile has no command line.
            let line = (try? Data(contentsOf: URL(filePath: "/proc/\($0)/cmdline"))) ?? Data()
            let text = String(decoding: line.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
            return text.contains(folder) ? text : nil
        }
    }

    @Test("up serves the sample, up again carries on, down leaves no process behind")
    func upAndDown() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let first = try await quickstart(["up", "--no-build", "--state", directory.path])
        #expect(first.status == 0, "\(first.output)\(first.error)")
        #expect(first.output.contains("The backend answers"))
        #expect(first.output.contains("URL: http://127."))
        #expect(!(try processes(naming: directory.path)).isEmpty)

        let second = try await quickstart(["up", "--no-build", "--state", directory.path])
        #expect(second.status == 0, "\(second.output)\(second.error)")
        #expect(second.output.contains("runs already"))

        let down = try await quickstart(["down", "--state", directory.path])
        #expect(down.status == 0, "\(down.error)")
        try await eventually("no process is left") { try processes(naming: directory.path).isEmpty }
    }

    @Test("interrupted, it leaves no process behind")
    func interruption() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let state = directory.path + "/state"
        let status = try await Program.system("bash").running(
            [TestCluster.root + "/hack/quickstart", "up", "--no-build", "--state", state], log: directory.path + "/log"
        ) { _ in
            try await eventually("the operator runs") {
                try processes(naming: state).contains { $0.contains("chatbackend-operator run") }
            }
        }
        #expect(status == 130)
        try await eventually("no process is left") { try processes(naming: state).isEmpty }
    }

    @Test("with a kubeconfig it uses that cluster and starts none of its own")
    func anotherCluster() async throws {
        try await TestCluster.running { cluster in
            let state = cluster.directory + "/state"
            let up = try await quickstart(
                ["up", "--no-build", "--state", state, "--kubeconfig", cluster.kubeconfig])
            #expect(up.status == 0, "\(up.output)\(up.error)")
            #expect(!up.output.contains("Starting the embedded cluster"))
            #expect(up.output.contains("The backend answers"))
            try await cluster.delete("chatgpt-backend")
            #expect(try await quickstart(["down", "--state", state]).status == 0)
            try await eventually("no process is left") { try processes(naming: state).isEmpty }
        }
    }

    @Test("wrong arguments and missing files end in one sentence")
    func badArguments() async throws {
        #expect(try await quickstart(["sideways"]).status == 64)
        let missing = try await quickstart(["--kubeconfig", "/no/such/file"])
        #expect(missing.status == 1)
        #expect(missing.error.contains("/no/such/file"))
    }
}
