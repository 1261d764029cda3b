import NIOCore

/// Keeps requests away from a server that fails, and lets one through now and then to see whether it still does.
///
/// A pure state machine: whoever asks says what time it is.
struct CircuitBreaker: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// Requests pass.
        case closed(failures: Int)
        /// None passes before `until`.
        case open(until: NIODeadline, openings: Int)
        /// One request is on its way; the others wait for what becomes of it.
        case halfOpen(openings: Int)
    }

    /// What became of a request.
    enum Outcome: Sendable {
        /// The server answered.
        case success
        /// It could not be reached, did not answer in time, or with a 5xx.
        case failure
        /// The client went away first: nothing is known.
        case abandoned
    }

    struct Configuration: Sendable, Equatable {
        /// Failures in a row after which the circuit opens.
        var threshold = 5
        /// How long it stays open the first time; doubled with each probe that fails.
        var openTime = TimeAmount.seconds(5)
        var maximumOpenTime = TimeAmount.seconds(60)
    }

    private(set) var state = State.closed(failures: 0)
    let configuration: Configuration

    init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Whether a request would be let through.
    func allows(at now: NIODeadline) -> Bool {
        switch state {
        case .closed: true
        case .open(let until, _): now >= until
        case .halfOpen: false
        }
    }

    /// Lets a request through; the circuit must allow it. Each is followed by one ``record(_:at:)``.
    mutating func begin(at now: NIODeadline) {
        if case .open(let until, let openings) = state, now >= until { state = .halfOpen(openings: openings) }
    }

    mutating func record(_ outcome: Outcome, at now: NIODeadline) {
        switch (state, outcome) {
        case (.closed, .success), (.halfOpen, .success): state = .closed(failures: 0)
        case (.closed(let failures), .failure):
            state =
                failures + 1 >= configuration.threshold
                ? open(openings: 1, at: now) : .closed(failures: failures + 1)
        case (.halfOpen(let openings), .failure): state = open(openings: openings + 1, at: now)
        // The next request is the probe then.
        case (.halfOpen(let openings), .abandoned): state = .open(until: now, openings: openings)
        // A request from before the circuit opened says nothing about now.
        case (.open, _), (.closed, .abandoned): break
        }
    }

    private func open(openings: Int, at now: NIODeadline) -> State {
        let doubled = configuration.openTime * (1 << min(openings - 1, 10))
        return .open(until: now + min(doubled, configuration.maximumOpenTime), openings: openings)
    }

    /// When a request will be let through, where that is known to be later than now.
    func opensAgain(after now: NIODeadline) -> NIODeadline? {
        if case .open(let until, _) = state, until > now { return until }
        return nil
    }
}
