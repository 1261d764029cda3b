import FoundationEssentials
import K8sClient
import Testing

@testable import devcluster

@Suite("Deployments that run", .serialized)
struct NodeDeploymentTests {
    private static func deployment(version: String, replicas: Int = 3) -> String {
        """
        {metadata: {name: web}, spec: {replicas: \(replicas), selector: {matchLabels: {app: web}},
          strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}},
          template: {metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 10, containers: [{
            name: app, image: "web:1", env: [{name: VERSION, value: "\(version)"}], ports: [{name: http, containerPort: 8000}],
            lifecycle: {preStop: {sleep: {seconds: 1}}},
            readinessProbe: {httpGet: {path: /health, port: http}, periodSeconds: 1}}]}}}}
        """
    }

    private static let service = """
        {metadata: {name: web}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}}
        """

    private static func isComplete(_ deployment: JSONValue?, _ replicas: Int) -> Bool {
        let status = deployment?["status"]
        return status?["observedGeneration"] == deployment?["metadata", "generation"]
            && status?["replicas"]?.int == replicas && status?["updatedReplicas"]?.int == replicas
            && status?["availableReplicas"]?.int == replicas
    }

    @Test(
        "Three replicas become ready, are reached through the Service's address, roll without a failed request, scale")
    func rolls() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(.deployments, Self.deployment(version: "one"))
            try cluster.create(.services, Self.service)
            try await cluster.wait("three replicas are available") {
                Self.isComplete(cluster.get(.deployments, "web"), 3)
            }
            let address = try #require(cluster.get(.services, "web")?["spec", "clusterIP"]?.string)
            let url = "http://\(address):80/"
            try await cluster.wait("the Service has three endpoints") {
                cluster.get(.endpoints, "web")?.items("subsets").first?.items("addresses").count == 3
            }
            // The proxy learns of the endpoints on its own and refuses connections until then.
            let deadline = ContinuousClock.now + .seconds(60)
            while (try? await WebClient.get(url)) == nil, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await WebClient.get(url) == "200 one")

            // Clients go on through the update; what each answer was is counted.
            let isRolled = Gate()
            let load = Task {
                var answers: [String: Int] = [:]
                while !isRolled.isOpen {
                    do {
                        answers[try await WebClient.get(url), default: 0] += 1
                    } catch {
                        answers["\(ContinuousClock.now) \(error)", default: 0] += 1
                    }
                }
                return answers
            }
            let update = try #require(try YAML.parse(Self.deployment(version: "two")).first).value
            try cluster.cluster.update(
                .deployments, namespace: "default", name: "web", subresource: nil, manager: "test"
            ) { $0["spec", "template"] = update["spec", "template"] }
            try await cluster.wait("all replicas are of the new template", seconds: 60) {
                Self.isComplete(cluster.get(.deployments, "web"), 3) && cluster.pods().count == 3
            }
            isRolled.open()
            let answers = await load.value
            #expect(Set(answers.keys) == ["200 one", "200 two"], "\(answers)")
            #expect(try await WebClient.get(url) == "200 two")
            let sets = try cluster.cluster.list(.replicaSets, namespace: "default", labels: [:])
            #expect(sets.count == 2)
            #expect(
                cluster.get(.deployments, "web")?["metadata", "annotations", "deployment.kubernetes.io/revision"] == "2"
            )

            try cluster.cluster.update(
                .deployments, namespace: "default", name: "web", subresource: nil, manager: "test"
            ) { $0["spec", "replicas"] = 1 }
            try await cluster.wait("one replica is left") {
                cluster.pods().count == 1 && Self.isComplete(cluster.get(.deployments, "web"), 1)
            }
            #expect(try await WebClient.get(url) == "200 two")
        }
    }
}
