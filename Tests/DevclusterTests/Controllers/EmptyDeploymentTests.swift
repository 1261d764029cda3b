import K8sClient
import Testing

@testable import devcluster

/// What a real controller-manager says of Deployments that ask for no replica.
@Suite struct EmptyDeploymentTests {
    @Test("a Deployment without replicas is complete once its ReplicaSet is there, and nothing was scaled")
    func noReplicas() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .deployments,
                """
                {metadata: {name: d}, spec: {replicas: 0, selector: {matchLabels: {app: d}},
                  template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c, image: "shell:1"}]}}}}
                """)
            var message: String?
            try await cluster.wait("the Deployment is complete", seconds: 60) {
                let conditions = cluster.get(.deployments, "d")?["status", "conditions"]?.array ?? []
                message = conditions.first { $0["reason"] == "NewReplicaSetAvailable" }?["message"]?.string
                return message != nil
            }
            let sets = try cluster.cluster.list(.replicaSets, namespace: "default", labels: [:])
            #expect(message == #"ReplicaSet "\#(try #require(sets.first).meta.name)" has successfully progressed."#)
            #expect(!cluster.events().contains { $0.hasPrefix("ScalingReplicaSet") })
        }
    }

    @Test("the wide table of CronJobs tells containers and images")
    func cronJobColumns() async throws {
        try await ServedCluster.run { _, client, _ in
            let path = "/apis/batch/v1/namespaces/default/cronjobs"
            let cronJob = """
                {"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"j"},"spec":{"schedule":"0 2 * * *","jobTemplate":\
                {"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i:1"}]}}}}}}
                """
            try #require(try await client.raw(.init(.post, path, body: Array(cronJob.utf8))).status == 201)
            let table = try JSONValue(
                parsing: try await client.raw(
                    .init(.get, path, accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
                ).body)
            let columns = (table["columnDefinitions"]?.array ?? []).suffix(3).map { $0["name"]?.string ?? "" }
            #expect(columns == ["Containers", "Images", "Selector"])
            #expect(table["rows"]?.array?.first?["cells"]?.array?.suffix(3) == ["c", "i:1", "<none>"])
        }
    }
}
