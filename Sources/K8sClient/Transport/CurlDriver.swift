import CCurl
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// libcurl's multi interface on a thread of its own.
///
/// Threading: libcurl's handles belong to that thread. Other threads put commands into the inbox and wake it through a pipe.
/// Results go out through `Transfer`, which resumes the waiting tasks.
final class CurlDriver: Sendable {
    enum Command: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        /// The consumer of a streamed body has room again.
        case resume(Transfer)
    }

    /// Handed to one thread at a time: `init` uses the pointer until the driver's thread starts, which alone uses and frees it
    /// from then on; where the thread does not start, `init` frees it.
    private struct Multi: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopping = false
        /// The driver has gone, or never came.
        var isClosed = false
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    /// How many transfers are alive: what tests look at for leaks.
    let liveTransfers = LiveCount()
    private let wakePipe: WakePipe?
    private let inbox = Mutex(Inbox())

    /// Once for the process, as libcurl asks.
    private static let globalResult: CURLcode = curl_global_init(Int(CURL_GLOBAL_SSL))

    init(_ configuration: TransportConfiguration) {
        guard Self.globalResult == CURLE_OK, let wakePipe = WakePipe(), let pointer = curl_multi_init() else {
            wakePipe = nil
            inbox.withLock { $0.isClosed = true }
            return
        }
        self.wakePipe = wakePipe
        let multi = Multi(pointer: pointer)
        // Idle connections that are kept: as many as may be in use at once, and the streams'.
        _ = curl_multi_setopt_long(pointer, CURLMOPT_MAXCONNECTS, configuration.laneLimits.reduce(32, +))
        let started = DriverThread.start { [self] in
            let loop = DriverLoop(multi.pointer, wakePipe, configuration)
            run(loop)
            close(loop)
        }
        if !started {
            curl_multi_cleanup(pointer)
            inbox.withLock { $0.isClosed = true }
        }
    }

    /// Hands a command to the driver; false when it is gone and nothing will come of it.
    func submit(_ command: Command) -> Bool {
        let count: Int? = inbox.withLock { inbox in
            guard !inbox.isClosed, !inbox.isStopping else { return nil }
            inbox.commands.append(command)
            return inbox.commands.count
        }
        // Not under the lock, on which the driver would wait as soon as it is awake. Only the first one has to wake it: the
        // others came before it has looked.
        if count == 1 { wakePipe?.wake() }
        return count != nil
    }

    /// Asks the driver to end every transfer and itself.
    func stop() {
        inbox.withLock { inbox in
            if !inbox.isClosed { inbox.isStopping = true }
        }
        wakePipe?.wake()
    }

    /// Waits until the driver's thread holds nothing any more.
    func stopped() async {
        await withCheckedContinuation { continuation in
            let isClosed = inbox.withLock { inbox in
                if !inbox.isClosed { inbox.stopWaiters.append(continuation) }
                return inbox.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    // MARK: On the driver's thread

    private func run(_ loop: DriverLoop) {
        while true {
            let (commands, isStopping) = inbox.withLock { inbox in
                let commands = inbox.commands
                inbox.commands = []
                return (commands, inbox.isStopping)
            }
            for command in commands { loop.handle(command) }
            if isStopping { return }
            loop.turn()
        }
    }

    private func close(_ loop: DriverLoop) {
        loop.endEverything()
        let (commands, waiters) = inbox.withLock { inbox in
            inbox.isClosed = true
            loop.cleanUp()
            defer { (inbox.commands, inbox.stopWaiters) = ([], []) }
            return (inbox.commands, inbox.stopWaiters)
        }
        for case .start(let transfer) in commands { transfer.finish(.failure(DriverLoop.shutDown)) }
        for waiter in waiters { waiter.resume() }
    }
}

/// A thread that runs one closure, detached.
private enum DriverThread {
    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(
            Box {
                // A write to a connection that the peer closed is an error, not a signal.
                var signals = sigset_t()
                sigemptyset(&signals)
                sigaddset(&signals, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                body()
            })
        #if os(Linux)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let result = pthread_create(
            &thread, nil,
            { context in
                if let context = context as UnsafeMutableRawPointer? {
                    Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                }
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            return false
        }
        #if os(Linux)
            pthread_detach(thread)
        #else
            if let thread { pthread_detach(thread) }
        #endif
        return true
    }
}
