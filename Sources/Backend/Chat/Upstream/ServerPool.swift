import NIOCore

/// Chooses a server for each attempt: by weight, among those that are not failing and have not asked to be left alone.
///
/// A pure state machine. Shares are exact, not random: each choice adds a server's weight to its credit, and the one with the most
/// pays the sum of the weights, so that choices of one server are spread evenly between those of the others.
struct ServerPool: Sendable {
    struct Member: Sendable {
        let server: UpstreamServer
        var breaker: CircuitBreaker
        /// A 429's or 503's `Retry-After`: until then it is asked only when there is no other.
        var restingUntil = NIODeadline.uptimeNanoseconds(0)
        fileprivate var credit = 0
    }

    enum Choice: Sendable, Equatable {
        case server(Int)
        /// Every circuit is open; the first lets a request through then, or once a probe is back where that is nil.
        case none(until: NIODeadline?)
    }

    private(set) var members: [Member]

    init(servers: [UpstreamServer], configuration: CircuitBreaker.Configuration = .init()) {
        members = servers.map { Member(server: $0, breaker: CircuitBreaker(configuration: configuration)) }
    }

    /// - Parameter tried: Servers that this request has had no luck with: another one is preferred.
    mutating func choose(avoiding tried: Set<Int>, at now: NIODeadline) -> Choice {
        let allowed = members.indices.filter { members[$0].breaker.allows(at: now) }
        guard !allowed.isEmpty else {
            return .none(until: members.compactMap { $0.breaker.opensAgain(after: now) }.min())
        }
        let fresh = allowed.filter { !tried.contains($0) && members[$0].restingUntil <= now }
        let awake = allowed.filter { members[$0].restingUntil <= now }
        let untried = allowed.filter { !tried.contains($0) }
        let candidates = [fresh, awake, untried].first { !$0.isEmpty } ?? allowed
        var best = candidates[0]
        for index in candidates {
            members[index].credit += members[index].server.weight
            if members[index].credit > members[best].credit { best = index }
        }
        members[best].credit -= candidates.reduce(0) { $0 + members[$1].server.weight }
        members[best].breaker.begin(at: now)
        return .server(best)
    }

    mutating func record(_ outcome: CircuitBreaker.Outcome, of index: Int, at now: NIODeadline) {
        members[index].breaker.record(outcome, at: now)
    }

    /// The server asked to be left alone.
    mutating func rest(_ index: Int, until deadline: NIODeadline) {
        members[index].restingUntil = max(members[index].restingUntil, deadline)
    }

    /// Whether an attempt at another server, or none, has to be waited for: how long `index` still rests.
    func rest(of index: Int, at now: NIODeadline) -> TimeAmount {
        max(.zero, members[index].restingUntil - now)
    }

    /// Whether no server would be asked.
    func isClosed(at now: NIODeadline) -> Bool {
        !members.contains { $0.breaker.allows(at: now) }
    }
}
