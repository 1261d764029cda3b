public import Logging
public import ServiceLifecycle
import Synchronization

/// Makes one of several instances the leader, by a Lease.
///
/// Guarantees: `onLost` is called before another instance may take the lease, as long as clocks run at the same speed, not that
/// they show the same time. On graceful shutdown the lease is given up, so that the next leader need not wait; put this
/// service before those that only the leader runs, so that a `ServiceGroup` ends it after them.
///
/// After a loss it tries again; whoever cannot go on without the lease ends in `onLost`.
public final class LeaderElector: Service {
    /// Which Lease, and how it is held.
    public struct Configuration: Sendable, Hashable {
        /// The Lease's name.
        public var name: String
        /// The Lease's namespace.
        public var namespace: String
        /// Who this instance is; unique among all, as a pod's name and uid are.
        public var identity: String
        /// How long others wait after the last sign of life.
        public var leaseDuration: Duration
        /// How long the leader goes on without a renewal that succeeds; less than `leaseDuration`.
        public var renewDeadline: Duration
        /// How long between two tries.
        public var retryPeriod: Duration

        /// Makes a configuration with the times that Kubernetes' own components use.
        public init(
            name: String, namespace: String, identity: String, leaseDuration: Duration = .seconds(15),
            renewDeadline: Duration = .seconds(10), retryPeriod: Duration = .seconds(2)
        ) {
            self.name = name
            self.namespace = namespace
            self.identity = identity
            self.leaseDuration = leaseDuration
            self.renewDeadline = renewDeadline
            self.retryPeriod = retryPeriod
        }
    }

    private struct State {
        var election: LeaseElection
        /// The Lease as the server answered it last: what an update changes.
        var lease: JSONValue?
        var isLeading = false
    }

    private let client: KubernetesClient
    private let configuration: Configuration
    private let logger: Logger
    private let onStarted: @Sendable () -> Void
    private let onLost: @Sendable () -> Void
    private let state: Mutex<State>

    /// Makes an elector; `run()` starts it.
    /// - Parameters:
    ///   - client: whose requests for the Lease count against the lane `coordination`.
    ///   - configuration: which Lease, and for how long it is held.
    ///   - logger: told of what is won and lost.
    ///   - onStarted: called when this instance has become the leader.
    ///   - onLost: called when it no longer is, the end of `run()` included.
    public init(
        client: KubernetesClient, configuration: Configuration, logger: Logger = Logger(label: "leader-election"),
        onStarted: @escaping @Sendable () -> Void = {}, onLost: @escaping @Sendable () -> Void = {}
    ) {
        self.client = client.using(.coordination)
        self.configuration = configuration
        self.logger = logger
        self.onStarted = onStarted
        self.onLost = onLost
        state = Mutex(
            State(
                election: LeaseElection(
                    identity: configuration.identity,
                    // Leases count whole seconds; others wait rather longer than shorter.
                    durationSeconds: max(1, (configuration.leaseDuration.milliseconds + 999) / 1000),
                    renewDeadline: configuration.renewDeadline)))
    }

    /// Whether this instance may act as the leader right now.
    public var isLeader: Bool { state.withLock { $0.isLeading && $0.election.leads(at: .now) } }

    /// Who holds the lease, as last seen; `nil` when nobody does.
    public var leader: String? {
        state.withLock { $0.election.observed.flatMap { $0.holder.isEmpty ? nil : $0.holder } }
    }

    /// Competes for the lease, and renews it, until graceful shutdown or cancellation; then gives it up.
    /// - Throws: `KubernetesError` with code `configuration` for times that do not fit one another.
    public func run() async throws {
        guard configuration.retryPeriod < configuration.renewDeadline,
            configuration.renewDeadline < configuration.leaseDuration
        else {
            throw KubernetesError(
                .configuration,
                "leader election needs retryPeriod < renewDeadline < leaseDuration, not \(configuration.retryPeriod), "
                    + "\(configuration.renewDeadline), \(configuration.leaseDuration)")
        }
        await cancelWhenGracefulShutdown { await self.compete() }
        // The task may be cancelled by now; giving up is one request more, with a deadline of its own.
        await Task { await self.release() }.value
        settle()
    }

    private func compete() async {
        while !Task.isCancelled {
            await attemptWatched()
            settle()
            // Spread, so that the instances do not collide; a leader's next try still comes well within its deadline.
            let pause = configuration.retryPeriod * (isLeader ? 1 : .random(in: 1..<1.2))
            do {
                try await sleep(for: pause)
            } catch {
                return
            }
        }
    }

    /// One try, during which the loss of the lease is noticed when it comes, whatever a request hangs on.
    private func attemptWatched() async {
        guard let until = state.withLock({ $0.election.leadsUntil }) else { return await attempt() }
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cut short by the end of the try, after which the state is settled anyway.
                try? await Task.sleep(until: until, clock: .continuous)
                self.settle()
            }
            await attempt()
            group.cancelAll()
        }
    }

    /// A pause, which the loss of the lease interrupts for as long as its handler takes.
    private func sleep(for pause: Duration) async throws {
        let end = ContinuousClock.now + pause
        if let until = state.withLock({ $0.election.leadsUntil }), until < end {
            try await Task.sleep(until: until, clock: .continuous)
            settle()
        }
        try await Task.sleep(until: end, clock: .continuous)
    }

    /// Calls the handlers when leading began or ended.
    private func settle() {
        let change: Bool? = state.withLock { state in
            let leads = state.election.leads(at: .now)
            defer { state.isLeading = leads }
            return leads == state.isLeading ? nil : leads
        }
        switch change {
        case true?:
            logger.notice("became the leader", metadata: ["identity": "\(configuration.identity)"])
            onStarted()
        case false?:
            logger.notice("no longer the leader", metadata: ["identity": "\(configuration.identity)"])
            onLost()
        case nil: break
        }
    }

    // MARK: Requests

    /// One try must leave time for another before the deadline.
    private var requestTimeout: Duration {
        let half = configuration.renewDeadline / 2
        guard let until = state.withLock({ $0.election.leadsUntil }) else { return half }
        return max(min(half, until - .now), .milliseconds(100))
    }

    private func attempt() async {
        do throws(KubernetesError) {
            // A leader's renewal needs no look first: the version in what it sends proves that nobody else wrote.
            if !isLeader || state.withLock({ $0.lease }) == nil { try await observe() }
            let now = ContinuousClock.now
            let (mayHold, record, lease) = state.withLock {
                ($0.election.mayHold(at: now), $0.election.record(at: .now), $0.lease)
            }
            guard mayHold else { return }
            let written = try await write(record, over: lease)
            state.withLock { state in
                state.lease = written
                state.election.wrote(LeaseElection.Record(written), sentAt: now)
            }
        } catch {
            guard error.code != .cancelled else { return }
            // Someone was faster, or the Lease went: look before the next try.
            state.withLock { $0.lease = nil }
            let level: Logger.Level = error.isConflict || error.isAlreadyExists ? .debug : .warning
            logger.log(level: level, "the lease could not be taken or renewed", metadata: ["error": "\(error)"])
        }
    }

    private func observe() async throws(KubernetesError) {
        var request = KubernetesRequest.get(
            .leases, configuration.name, namespace: configuration.namespace, .full)
        request.timeout = requestTimeout
        do throws(KubernetesError) {
            let lease = try await client.object(request, kind: APIResource.leases.kind, as: JSONValue.self)
            state.withLock { state in
                state.lease = lease
                state.election.observe(LeaseElection.Record(lease), at: .now)
            }
        } catch {
            guard error.isNotFound else { throw error }
            state.withLock { $0.lease = nil }
        }
    }

    private func write(_ record: LeaseElection.Record, over lease: JSONValue?) async throws(KubernetesError)
        -> JSONValue
    {
        let timeout = requestTimeout
        guard var lease else {
            let new: JSONValue = [
                "apiVersion": .string(APIResource.leases.apiVersion), "kind": .string(APIResource.leases.kind),
                "metadata": ["name": .string(configuration.name), "namespace": .string(configuration.namespace)],
                "spec": record.spec,
            ]
            var request = KubernetesRequest.create(
                .leases, new, namespace: configuration.namespace, name: nil, nil, .init())
            request.timeout = timeout
            return try await client.object(request, kind: APIResource.leases.kind, as: JSONValue.self)
        }
        lease["spec"] = record.spec
        var request = KubernetesRequest.replace(
            .leases, configuration.name, lease, namespace: configuration.namespace, nil, .init())
        request.timeout = timeout
        return try await client.object(request, kind: APIResource.leases.kind, as: JSONValue.self)
    }

    private func release() async {
        let (record, lease) = state.withLock { ($0.election.released(at: .now), $0.lease) }
        guard isLeader, let record, let lease else { return }
        do throws(KubernetesError) {
            let written = try await write(record, over: lease)
            state.withLock { $0.election.wrote(LeaseElection.Record(written), sentAt: .now) }
            logger.info("gave the lease up", metadata: ["identity": "\(configuration.identity)"])
        } catch {
            // It expires by itself; the next leader only comes later.
            state.withLock { $0.election.observe(.init([:]), at: .now) }
            logger.warning("the lease could not be given up", metadata: ["error": "\(error)"])
        }
    }
}
