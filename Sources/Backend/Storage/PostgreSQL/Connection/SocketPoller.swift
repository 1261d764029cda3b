import CPQ
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Whoever owns a socket that a ``SocketPoller`` watches.
protocol SocketObserver: AnyObject, Sendable {
    /// The socket can be read or written, or has ended. On the poller's thread; must not block.
    func socketIsReady()
}

/// One thread that waits for sockets (epoll) and for the next moment at which something is due.
///
/// libpq wants the readiness of sockets that it opened itself. A thread of our own costs one switch an answer, where Dispatch
/// costs two and an event loop of NIO would want to own the descriptor.
final class SocketPoller: Sendable {
    private struct Storage {
        var observers: [UInt64: any SocketObserver] = [:]
        var lastToken: UInt64 = 0
        var isStopping = false
    }

    /// Of the wake-up's own descriptor.
    private static let wakeToken: UInt64 = 0

    private let epoll: Int32
    private let wakeUp: Int32
    private let storage = Mutex(Storage())

    /// - Throws: ``DatabaseError`` when the system has no descriptors left.
    init() throws(DatabaseError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = Self.wakeToken
        guard epoll >= 0, wakeUp >= 0, epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, &event) == 0 else {
            let number = errno
            // What was not made is -1, which close refuses harmlessly.
            close(epoll)
            close(wakeUp)
            throw DatabaseError(.unavailable, "cannot wait for sockets: \(SystemError.message(number))")
        }
    }

    deinit {
        close(epoll)
        close(wakeUp)
    }

    /// Starts the thread, which ends after ``stop()``.
    /// - Parameter onTurn: Does what is due and says when to come back at the latest; nil: when a socket or a wake-up does.
    func start(onTurn: @escaping @Sendable () -> Duration?) {
        let thread = BlockingThread { [self] in run(onTurn) }
        thread.start()
    }

    func stop() {
        storage.withLock { $0.isStopping = true }
        wake()
    }

    /// Makes the thread ask anew when to come back.
    func wake() {
        var one: UInt64 = 1
        // Fails only when the counter is full, and then the thread is awake.
        _ = write(wakeUp, &one, MemoryLayout<UInt64>.size)
    }

    /// Watches a socket until ``unwatch(_:_:)``; gives the token by which it is known here. Nil when the system refuses.
    func watch(_ descriptor: Int32, _ observer: any SocketObserver) -> UInt64? {
        let token = storage.withLock { storage in
            storage.lastToken += 1
            storage.observers[storage.lastToken] = observer
            return storage.lastToken
        }
        guard control(EPOLL_CTL_ADD, descriptor, token, EPOLLIN.rawValue) else {
            storage.withLock { _ = $0.observers.removeValue(forKey: token) }
            return nil
        }
        return token
    }

    /// Whether the observer is also told that the socket takes more.
    func watchWrites(_ isWanted: Bool, _ descriptor: Int32, _ token: UInt64) {
        _ = control(EPOLL_CTL_MOD, descriptor, token, EPOLLIN.rawValue | (isWanted ? EPOLLOUT.rawValue : 0))
    }

    /// To be called before the socket is closed, since its number may be another's at once.
    func unwatch(_ descriptor: Int32, _ token: UInt64) {
        _ = control(EPOLL_CTL_DEL, descriptor, token, 0)
        storage.withLock { _ = $0.observers.removeValue(forKey: token) }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ token: UInt64, _ events: UInt32) -> Bool {
        var event = epoll_event()
        event.events = events
        event.data.u64 = token
        return epoll_ctl(epoll, operation, descriptor, &event) == 0
    }

    // MARK: On the thread

    private func run(_ onTurn: @Sendable () -> Duration?) {
        let capacity = 64
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while !storage.withLock({ $0.isStopping }) {
            // One more, since what is left of a millisecond would be waited out in turns of none.
            let timeout = onTurn().map { Int32(clamping: max($0.milliseconds, 0) + 1) } ?? -1
            let count = epoll_wait(epoll, events, Int32(capacity), timeout)
            // Interrupted by a signal: nothing came.
            for index in 0..<Int(max(count, 0)) {
                let token = events[index].data.u64
                guard token != Self.wakeToken else {
                    var counter: UInt64 = 0
                    _ = read(wakeUp, &counter, MemoryLayout<UInt64>.size)
                    continue
                }
                // One that has gone since is none of ours any more.
                storage.withLock { $0.observers[token] }?.socketIsReady()
            }
        }
    }
}
