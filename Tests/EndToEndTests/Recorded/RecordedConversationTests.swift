import FoundationEssentials
import K8sClient
import Testing

@Suite(.cluster) struct RecordedConversationTests {
    @Test("the server answers as a real Kubernetes did", arguments: RecordedConversation.names)
    func conversation(_ name: String) async throws {
        let conversation = try RecordedConversation(named: name)
        let cluster = try TestCluster.require()
        let client = KubernetesClient(configuration: try ClientConfiguration.load(kubeconfigPath: cluster.kubeconfig))
        let problems = try await ConversationPlayer(client: client).play(conversation)
        await client.shutdown()
        try note(problems, of: name)
        #expect(problems.isEmpty, "\(conversation.testDescription)\n\(problems.joined(separator: "\n"))")
    }

    /// Leaves the differences in the folder that CHATBACKEND_DIFFERENCES names, for hack/conformance to compare.
    private func note(_ problems: [String], of name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["CHATBACKEND_DIFFERENCES"] else { return }
        let text = problems.map { $0 + "\n" }.joined()
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name).txt"))
    }
}
