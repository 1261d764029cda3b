import DequeModule
import NIOCore

/// The life of one connection: its handshake, the order of its replies, and what happens when they are late.
///
/// Pure: events come in with the time, and what they return is for the caller to do. `Request` stands for whoever waits for a
/// reply.
///
/// A connection whose oldest reply is overdue is *stalled*: everyone who waits is let go, and nothing more is sent. The overdue
/// replies then serve as the probe: once they have all arrived, the connection is in order again; when they do not arrive for
/// `stallLimit`, it is given up. So a frozen server costs its callers one deadline, and a slow moment no reconnection.
struct RedisConnectionStateMachine<Request> {
    struct Timing {
        var handshake: TimeAmount
        var command: TimeAmount
        var stallLimit: TimeAmount
    }

    private enum State {
        case handshaking(RedisHandshake, deadline: NIODeadline)
        case ready
        /// With the number of replies that nobody waits for any more.
        case stalled(overdue: Int, until: NIODeadline)
        case closed
    }

    private struct Pending {
        /// Nil for a heartbeat.
        let request: Request?
        let deadline: NIODeadline
    }

    private let timing: Timing
    private var state: State = .closed
    private var pending: Deque<Pending> = []

    init(timing: Timing) {
        self.timing = timing
    }

    /// The connection is there.
    /// - Returns: What to send.
    mutating func connected(_ handshake: RedisHandshake, now: NIODeadline) -> [RedisCommand] {
        state = .handshaking(handshake, deadline: now + timing.handshake)
        return handshake.commands
    }

    enum SubmitAction {
        /// Send the commands; their replies are awaited.
        case write
        case fail(RedisError)
    }

    /// Commands are about to be sent, in this order.
    mutating func submit(_ requests: [Request], now: NIODeadline) -> SubmitAction {
        guard case .ready = state else { return .fail(Self.notReady) }
        for request in requests { pending.append(Pending(request: request, deadline: now + timing.command)) }
        return .write
    }

    /// Whether a `PING` should be sent; its reply is awaited then. A busy connection needs none.
    mutating func heartbeat(now: NIODeadline) -> Bool {
        guard case .ready = state, pending.isEmpty else { return false }
        pending.append(Pending(request: nil, deadline: now + timing.command))
        return true
    }

    enum ReceiveAction {
        case none
        /// The handshake is complete: commands may be sent.
        case established
        case complete(Request, RESPValue)
        case push([RESPValue])
        /// An error that is the reply to no command: what is refused has, when granted, a push and no reply.
        case refused(RedisError)
        /// The overdue replies are in: commands may be sent again.
        case recovered
        case close(RedisError)
    }

    /// A value arrived.
    mutating func received(_ value: RESPValue) -> ReceiveAction {
        if case .push(let elements) = value { return .push(elements) }
        switch state {
        case .handshaking(var handshake, let deadline):
            switch handshake.received(value) {
            case .more:
                state = .handshaking(handshake, deadline: deadline)
                return .none
            case .done:
                state = .ready
                return .established
            case .failed(let error): return .close(error)
            }
        case .ready:
            guard let first = pending.popFirst() else {
                guard case .error(let text) = value else {
                    return .close(RedisError(.protocolViolation, "the server sent a reply to no command"))
                }
                return .refused(RedisError(reply: text))
            }
            guard let request = first.request else { return .none }
            return .complete(request, value)
        case .stalled(let overdue, let until):
            guard overdue == 1 else {
                state = .stalled(overdue: overdue - 1, until: until)
                return .none
            }
            state = .ready
            return .recovered
        case .closed: return .none
        }
    }

    /// When ``timerFired(now:)`` has something to do next; it may be called earlier.
    var nextDeadline: NIODeadline? {
        switch state {
        case .handshaking(_, let deadline): deadline
        case .ready: pending.first?.deadline
        case .stalled(_, let until): until
        case .closed: nil
        }
    }

    enum TimerAction {
        case none
        /// Tell these, and send nothing until the connection is in order again.
        case stall([Request], RedisError)
        case close(RedisError)
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        switch state {
        case .handshaking(_, let deadline) where deadline <= now:
            return .close(RedisError(.timedOut, "the server did not greet in time"))
        case .ready:
            guard let first = pending.first, first.deadline <= now else { return .none }
            state = .stalled(overdue: pending.count, until: now + timing.stallLimit)
            let requests = pending.compactMap(\.request)
            pending.removeAll()
            return .stall(requests, RedisError(.timedOut, "no reply in time"))
        case .stalled(_, let until) where until <= now:
            return .close(RedisError(.timedOut, "the server stopped to reply"))
        default: return .none
        }
    }

    /// The connection is no more.
    /// - Returns: Who still waits.
    mutating func closed() -> [Request] {
        state = .closed
        let requests = pending.compactMap(\.request)
        pending.removeAll()
        return requests
    }

    private static var notReady: RedisError { RedisError(.unavailable, "the connection is not ready") }
}
