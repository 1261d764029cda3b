/// How long the node waits before it starts a container again: not at all after the first end, then 10 s, doubling to
/// 5 minutes; forgotten once a container ran for 10 minutes.
struct RestartBackoff: Hashable, Sendable {
    /// The times, which tests shorten.
    struct Limits: Hashable, Sendable {
        var initial: Duration = .seconds(10)
        var maximum: Duration = .seconds(300)
        var reset: Duration = .seconds(600)
    }

    private let limits: Limits
    private var next: Duration = .zero

    init(_ limits: Limits = Limits()) { self.limits = limits }

    /// The delay after a container ended that had run for some time.
    mutating func delay(afterRunning ran: Duration) -> Duration {
        if ran >= limits.reset { next = .zero }
        let delay = next
        next = next == .zero ? limits.initial : min(next * 2, limits.maximum)
        return delay
    }
}

/// `spec.restartPolicy`: whether a container that ended is started again.
enum RestartPolicy: String, Sendable {
    case always = "Always"
    case onFailure = "OnFailure"
    case never = "Never"

    func restarts(afterExit code: Int) -> Bool {
        switch self {
        case .always: true
        case .onFailure: code != 0
        case .never: false
        }
    }
}
