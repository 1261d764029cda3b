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
                name: "op", namespace: "ns", identity: identity, leaseDuration: .seconds(1),
                renewDeadline: renewDeadline, retryPeriod: .milliseconds(50)),
            onStarted: { _ = started.next() }, onLost: { _ = lost.next() })
    }

    @Test("One of two leads; when it leaves gracefully the other follows without waiting for the lease to expire")
    func handOver() async throws {
        let leases = LeaseServer()
        let server = try FaultServer { leases.answer($0) }
        let client = server.client()
        let (firstLost, secondStarted) = (Counter(), Counter())
        let first = elector(client, "first", lost: firstLost)
        let second = elector(client, "second", started: secondStarted)
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
}
