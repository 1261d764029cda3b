import Synchronization

/// Where the service is between its start and its end; what readiness reports.
final class Lifecycle: Sendable {
    /// The states, in their only order.
    enum State: Int, Comparable, Sendable {
        /// Not listening yet.
        case starting
        /// Taking requests.
        case ready
        /// Told to end: still answering, and asking to be left out of load balancing.
        case draining

        static func < (left: State, right: State) -> Bool { left.rawValue < right.rawValue }
    }

    private let storage = Mutex(State.starting)

    /// The state now.
    var state: State { storage.withLock { $0 } }

    /// Goes on to `next`. Going back is no error and does nothing: a service that is told to end while it starts stays
    /// draining when its start completes.
    func advance(to next: State) {
        storage.withLock { state in state = max(state, next) }
    }
}
