/// Something outside the process that requests may need; `/health/ready` reports each.
protocol Dependency: Sendable {
    /// As in the report: `database`, `redis`, `upstream`.
    var name: String { get }

    /// How it is now. Answers from what is known, or within a second.
    func state() async -> DependencyState
}

/// How a dependency is.
enum DependencyState: Sendable, Equatable {
    case ok
    /// Its loss costs speed, not answers: the service stays ready.
    case degraded(String)
    /// Requests need it and would fail. The text is for `/health/ready`, which anyone may read: no addresses, no secrets.
    case unavailable(String)
}
