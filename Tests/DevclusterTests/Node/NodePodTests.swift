import FoundationEssentials
import K8sClient
import Testing

@testable import devcluster

@Suite("Pods on the node", .serialized)
struct NodePodTests {
    @Test("A pod that ends well is Succeeded, and its log can be read")
    func succeeds() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                """
                {metadata: {name: hello}, spec: {restartPolicy: Never, containers: [{name: app, image: shell,
                  args: ['echo "I am $HOSTNAME"; echo problem >&2; cat /var/run/secrets/kubernetes.io/serviceaccount/token']}]}}
                """)
            let pod = try await cluster.pod("hello", "succeeds") { $0["status", "phase"]?.string == "Succeeded" }
            let ended = pod.items("status", "containerStatuses").first?["state", "terminated"]
            #expect(ended?["exitCode"]?.int == 0)
            #expect(ended?["reason"]?.string == "Completed")
            #expect(pod["status", "podIP"]?.string?.hasPrefix("127.") == true)
            let log = try await cluster.log(pod, "app")
            #expect(log.contains("I am hello\n"))
            #expect(log.contains("problem\n"))
            #expect(log.contains("token of default/default for hello\n"))
        }
    }
}
