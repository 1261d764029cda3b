import Foundation
import K8sClient
import MetricsTestKit
import Testing

@Suite("The request budget")
struct RequestBudgetTests {
    private func get(_ client: KubernetesClient, _ name: String) async throws(KubernetesError) -> JSONValue {
        try await client.get(.configMaps, name, namespace: "default")
    }

    @Test("A full lane keeps its own requests waiting and no others")
    func lanes() async throws {
        let server = try FaultServer { request in
            request.path.hasSuffix("/slow") ? .custom { $0.waitForClose() } : .json(200, configMap("a", version: 1))
        }
        let metrics = TestMetrics()
        let configuration = ClientConfiguration(
            server: server.url, requestBudget: RequestBudget(limits: [.standard: 2, "backup": 1]))
        let client = KubernetesClient(configuration: configuration, metrics: metrics)
        let slow = (0..<5).map { _ in Task { try? await get(client, "slow") } }
        defer { for task in slow { task.cancel() } }
        try await eventually("the lane is full") { server.requests.count == 2 }
        let waits = Task { try await get(client, "a") }
        let gauge = try metrics.expectGauge("kubernetes_client_queue_depth", [("lane", "standard")])
        try await eventually("the others wait") { gauge.lastValue == 4 }
        // Neither leases nor a lane of one's own wait for them, and an unknown lane is the standard one.
        _ = try await get(client.using(.coordination), "a")
        _ = try await get(client.using("backup"), "a")
        #expect(server.requests.count == 4)
        for task in slow { task.cancel() }
        _ = try await waits.value
        #expect(gauge.lastValue == 0)
    }

    @Test("A request whose time is up while it waits ends then, not when its turn comes")
    func deadline() async throws {
        let server = try FaultServer { _ in .custom { $0.waitForClose() } }
        let client = server.client { $0.requestBudget = RequestBudget(limits: [.standard: 1]) }
        let slow = Task { try? await get(client, "slow") }
        defer { slow.cancel() }
        try await eventually("the lane is full") { server.requests.count == 1 }
        var request = KubernetesRequest(.get, "/x")
        request.timeout = .milliseconds(200)
        let error = try await failure { [request] () async throws(KubernetesError) in try await client.raw(request) }
        #expect(error.code == .timeout)
        #expect(error.description == "GET /x: the request's time was up before its turn came")
        #expect(server.requests.count == 1)
    }

    @Test("The deadline holds for all attempts together")
    func overall() async throws {
        let server = try FaultServer { [count = Counter()] _ in
            guard count.next() == 1 else { return .custom { $0.waitForClose() } }
            usleep(5_000_000)
            return .status(503, "ServiceUnavailable", "starting", headers: ["Retry-After": "0"])
        }
        let client = server.client { $0.requestTimeout = .seconds(10) }
        let start = ContinuousClock.now
        let error = try await failure { () async throws(KubernetesError) in try await get(client, "a") }
        #expect(error.code == .timeout)
        #expect(server.requests.count == 2)
        #expect(ContinuousClock.now - start < .seconds(14.9), "not the first attempt's time and then the second's")
    }

    @Test("Views of a client share its connections, and end with it")
    func views() async throws {
        let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        let client = server.client()
        _ = try await get(client, "a")
        let view = client.using(.coordination)
        _ = try await get(view, "a")
        #expect(server.acceptedConnections == 1)
        await client.shutdown()
        let error = try await failure { () async throws(KubernetesError) in try await get(view, "a") }
        #expect(error.code == .cancelled)
    }
}
