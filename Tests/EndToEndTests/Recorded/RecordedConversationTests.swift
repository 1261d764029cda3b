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
        #expect(problems.isEmpty, "\(conversation.testDescription)\n\(problems.joined(separator: "\n"))")
    }
}
