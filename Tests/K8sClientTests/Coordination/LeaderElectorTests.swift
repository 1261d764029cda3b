@testable import K8sClient
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Electing a leader against a server")
struct LeaderElectorTests {
    /// Keeps one Lease as an API server does: versions, conflicts, not found.
    private final class LeaseServer: Sendable {
        private struct State {
            var lease: JSONValue?
            var version = 0
            var isBroken = false
        }
        private let state = Mutex(State())

        var lease: JSONValue? { state.withLock { $0.lease } }
        var holder: String? { lease?["spec", "holderIdentity"]?.string }

        func fail(_ isBroken: Bool) { state.withLock { $0.isBroken = isBroken } }

        func answer(_ request: FaultServer.Request) -> FaultServer.Reply {
            state.withLock { state in
                if state.isBroken { return .status(500, "InternalError", "etcd is away") }
                guard request.method != "GET" else {
                    return state.lease.map { .json(200, $0) } ?? .status(404, "NotFound", "no lease")
                }
                guard var new = try? JSONValue(parsing: request.body) else {
                    return .status(400, "BadRequest", "no JSON")
                }
                if request.method == "POST", state.lease != nil { return .status(409, "AlreadyExists", "there") }
                if request.method == "PUT", new.resourceVersion != state.lease?.resourceVersion {
                    return .status(409, "Conflict", "changed")
                }
                state.version += 1
                new["metadata", "resourceVersion"] = .string("\(state.version)")
                state.lease = new
                return .json(request.method == "POST" ? 201 : 200, new)
            }
        }
    }

    private func elector(
        _ client: KubernetesClient, _ identity: String, started: Counter = Counter(), lost: Counter = Counter(),
        renewDeadline: Duration = .milliseconds(600)
    ) -> LeaderElector {
        LeaderElector(
            client: client,
            configuration: .init(
                name: "op", namespace: "ns", identity: identity,
                leaseDuration: max(.seconds(1), renewDeadline + .seconds(1)),
                renewDeadline: renewDeadline, retryPeriod: .milliseconds(50)),
            onStarted: { _ = started.next() }, onLost: { _ = lost.next() })
    }

    @Test("One of two leads; when it leaves gracefully the other follows without waiting for the lease to expire")
    func handOver() async throws {
        let leases = LeaseServer()
        let server = try FaultServer { leases.answer($0) }
        let client = server.client()
        let (firstLost, secondStarted) = (Counter(), Counter())
        let first = elector(client, "first", lost: firstLost, renewDeadline: .seconds(60))
        let second = elector(client, "second", started: secondStarted, renewDeadline: .seconds(60))
        let firstGroup = ServiceGroup(services: [first], logger: .init(label: "test"))
        let firstTask = Task { try await firstGroup.run() }
        try await eventually("the first leads") { first.isLeader }
        let secondTask = Task { try await second.run() }
        try await eventually("the second has looked") { second.leader == "first" }
        #expect(!second.isLeader)
        #expect(leases.lease?["spec", "leaseTransitions"] == 0)
        await firstGroup.triggerGracefulShutdown()
        try await firstTask.value
        #expect(firstLost.value == 1)
        #expect(!first.isLeader)
        try await eventually("the second leads") { second.isLeader }
        #expect(secondStarted.value == 1)
        #expect(leases.holder == "second")
        #expect(leases.lease?["spec", "leaseTransitions"] == 1)
        secondTask.cancel()
        try await secondTask.value
        #expect(leases.holder == "", "given up on cancellation as well")
    }

    @Test(
        "A leader that cannot renew stops leading before the lease could be another's, and takes it again when it can")
    func loss() async throws {
        let leases = LeaseServer()
        let server = try FaultServer { leases.answer($0) }
        let (started, lost) = (Counter(), Counter())
        let elector = elector(server.client(), "only", started: started, lost: lost)
        let task = Task { try await elector.run() }
        try await eventually("it leads") { elector.isLeader }
        leases.fail(true)
        let failedAt = ContinuousClock.now
        try await eventually("it stops leading") { lost.value == 1 }
        #expect(ContinuousClock.now - failedAt < .seconds(5))
        #expect(!elector.isLeader)
        leases.fail(false)
        try await eventually("it leads again") { started.value == 2 }
        task.cancel()
        try await task.value
    }

    @Test("A steady leader sends one request a period, and its renewals keep what others put on the Lease")
    func steady() async throws {
        let leases = LeaseServer()
        let server = try FaultServer { leases.answer($0) }
        let elector = elector(server.client(), "only", renewDeadline: .seconds(30))
        let task = Task { try await elector.run() }
        try await eventually("it has renewed") { server.requests.count >= 6 }
        task.cancel()
        try await task.value
        #expect(server.requests.map(\.method).prefix(6) == ["GET", "POST", "PUT", "PUT", "PUT", "PUT"])
        #expect(leases.lease?["metadata", "name"] == "op")
    }

    @Test("A loss is noticed at the deadline, not when a hanging request or a pause ends")
    func hanging() async throws {
        let leases = LeaseServer()
        let hangs = Counter()
        let server = try FaultServer { request in
            hangs.value > 0 ? .custom { $0.waitForClose() } : leases.answer(request)
        }
        let lost = Recorder<ContinuousClock.Instant>()
        let elector = LeaderElector(
            client: server.client { $0.requestTimeout = .seconds(60) },
            configuration: .init(
                name: "op", namespace: "ns", identity: "only", leaseDuration: .seconds(30),
                renewDeadline: .seconds(3), retryPeriod: .milliseconds(2900)),
            onLost: { lost.append(.now) })
        let task = Task { try await elector.run() }
        try await eventually("it leads") { elector.isLeader }
        let led = ContinuousClock.now
        _ = hangs.next()
        try await eventually("it stops leading") { !lost.all.isEmpty }
        #expect(!elector.isLeader)
        // At most the deadline after the last renewal, which was before it was seen to lead.
        let noticed = try #require(lost.all.first)
        #expect(noticed - led < .seconds(3.5))
        task.cancel()
        try await task.value
    }

    @Test("Another instance's clock is of no account: only that its record does not change, as seen here")
    func clockSkew() async throws {
        let leases = LeaseServer()
        let server = try FaultServer { leases.answer($0) }
        let client = server.client()
        // Written by an instance whose clock is years ahead, and which is gone.
        try await client.create(
            .leases,
            [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": ["name": "op", "namespace": "ns"],
                "spec": [
                    "holderIdentity": "gone", "leaseDurationSeconds": 2, "renewTime": "2099-01-01T00:00:00.000000Z",
                    "acquireTime": "2099-01-01T00:00:00.000000Z", "leaseTransitions": 3,
                ],
            ])
        let elector = elector(client, "next")
        let start = ContinuousClock.now
        let task = Task { try await elector.run() }
        try await eventually("it leads") { elector.isLeader }
        #expect(ContinuousClock.now - start >= .seconds(2), "the holder's own duration is waited out")
        #expect(leases.lease?["spec", "leaseTransitions"] == 4)
        task.cancel()
        try await task.value
    }

    @Test("Times that do not fit one another are refused")
    func times() async throws {
        let server = try FaultServer { _ in .status(404, "NotFound", "no lease") }
        let elector = LeaderElector(
            client: server.client(),
            configuration: .init(name: "op", namespace: "ns", identity: "i", leaseDuration: .seconds(5)))
        await #expect(throws: KubernetesError.self) { try await elector.run() }
        #expect(server.requests.isEmpty)
    }
}
