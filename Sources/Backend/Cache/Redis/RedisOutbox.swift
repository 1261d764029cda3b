import NIOCore
import Synchronization

/// Who waits for the reply to a command.
typealias RedisReply = CheckedContinuation<Result<RESPValue, RedisError>, Never>

/// Commands on their way from any thread to the connection's event loop.
///
/// Commands that come while the loop is busy are written together: many tasks cost few system calls.
final class RedisOutbox: Sendable {
    enum Availability: Sendable {
        /// Commands are taken.
        case ready
        /// Replies are overdue; commands are refused until they are in.
        case stalled
        case closed
    }

    /// What was posted and not sent yet.
    struct Posted {
        var unsent = ByteBuffer()
        var replies: [RedisReply] = []
        /// Whether commands without a reply are among it.
        var hasUnanswered = false
    }

    private struct Storage {
        var availability = Availability.closed
        var posted = Posted()
        var isDrainScheduled = false
    }

    private let storage = Mutex(Storage())
    private let outstanding = Atomic<Int>(0)
    private let outstandingLimit: Int
    private let unsentLimit: Int

    init(_ configuration: RedisConfiguration) {
        outstandingLimit = configuration.outstandingLimit
        unsentLimit = configuration.unsentLimit
    }

    var availability: Availability { storage.withLock { $0.availability } }
    /// Commands that wait for their replies.
    var outstandingCount: Int { outstanding.load(ordering: .relaxed) }

    enum PostResult {
        /// The reply will come.
        case posted
        /// The same, and the caller must have the event loop drain the outbox.
        case drainNeeded
        case refused(RedisError)
    }

    /// Takes a command, for a reply or, when it has none, without.
    func post(_ command: RedisCommand, _ reply: RedisReply?) -> PostResult {
        storage.withLock { storage in
            switch storage.availability {
            case .ready: break
            case .stalled: return .refused(RedisError(.unavailable, "replies are overdue"))
            case .closed: return .refused(RedisError(.unavailable, "not connected"))
            }
            guard outstanding.load(ordering: .relaxed) < outstandingLimit else {
                return .refused(RedisError(.overloaded, "too many commands wait for replies"))
            }
            guard storage.posted.unsent.readableBytes + command.size <= unsentLimit else {
                return .refused(RedisError(.overloaded, "too much waits to be sent"))
            }
            command.encode(into: &storage.posted.unsent)
            if let reply {
                storage.posted.replies.append(reply)
                outstanding.add(1, ordering: .relaxed)
            } else {
                storage.posted.hasUnanswered = true
            }
            guard !storage.isDrainScheduled else { return .posted }
            storage.isDrainScheduled = true
            return .drainNeeded
        }
    }

    /// Everything that was posted since the last time.
    func drain() -> Posted {
        storage.withLock { storage in
            defer { storage.posted = Posted() }
            storage.isDrainScheduled = false
            return storage.posted
        }
    }

    func set(_ availability: Availability) {
        storage.withLock { $0.availability = availability }
    }

    /// Lets callers go, outside of any lock.
    func finish(_ replies: [RedisReply], _ error: RedisError) {
        guard !replies.isEmpty else { return }
        outstanding.subtract(replies.count, ordering: .relaxed)
        for reply in replies { reply.resume(returning: .failure(error)) }
    }

    func finish(_ reply: RedisReply, _ value: RESPValue) {
        outstanding.subtract(1, ordering: .relaxed)
        reply.resume(returning: .success(value))
    }
}
