import Glibc
import Subprocess
import Synchronization

/// How a container's program ended: as a shell reports it, 128 + N after signal N.
struct ContainerExit: Hashable, Sendable {
    var code: Int

    init(code: Int) { self.code = code }

    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self.code = Int(code)
        case .signaled(let signal): code = 128 + Int(signal)
        }
    }
}

/// A running container's processes, for signalling them from outside.
final class ContainerProcess: Sendable {
    /// The outermost `bwrap`; nil once it was waited for and its number may be another's.
    private let bwrap: Mutex<pid_t?>
    /// Fires when the program has ended.
    let ended = Gate()

    private let stopSignal: CInt

    /// - Parameter stopSignal: what asks the program to end.
    init(bwrap: pid_t, stopSignal: CInt = SIGTERM) {
        self.bwrap = Mutex(bwrap)
        self.stopSignal = stopSignal
    }

    /// Says that the processes are gone.
    func end() {
        bwrap.withLock { $0 = nil }
        ended.open()
    }

    /// The container's process 1, by its number on the machine.
    var first: pid_t? { bwrap.withLock { $0.flatMap(Self.child) } }

    /// Returns once the container's program itself runs, in its finished root, or everything has ended.
    func started() async {
        // A few milliseconds after bubblewrap was started; bounded, in case it cannot.
        for _ in 0..<500 where !ended.isOpen && !Task.isCancelled {
            let program = bwrap.withLock { $0.flatMap(Self.child).flatMap(Self.child) }
            if let program, let name = Self.read("/proc/\(program)/comm"), name != "bwrap\n" { return }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Sends the container's program its stop signal, as soon as there is a program.
    func terminate() async {
        // Bubblewrap needs a few milliseconds to get that far; a container that is told to end within them waits.
        for _ in 0..<100 {
            let isSent = bwrap.withLock { bwrap -> Bool in
                guard let bwrap else { return true }
                guard let program = Self.child(of: bwrap).flatMap(Self.child) else { return false }
                return Glibc.kill(program, stopSignal) == 0
            }
            if isSent { return }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Ends everything in the container at once.
    func kill() {
        bwrap.withLock { bwrap in
            guard let bwrap else { return }
            if let first = Self.child(of: bwrap) {
                _ = Glibc.kill(first, SIGKILL)
            } else {
                _ = Glibc.kill(bwrap, SIGKILL)
            }
        }
    }

    /// The first child of a process.
    private static func child(of process: pid_t) -> pid_t? {
        guard let children = read("/proc/\(process)/task/\(process)/children") else { return nil }
        return children.split(separator: " ").first.flatMap { pid_t($0) }
    }

    /// The beginning of a file of `/proc`, which is memory: reading it does not block.
    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}

/// Something that happens once: tasks wait for it, before or after.
final class Gate: Sendable {
    private struct Storage {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
    }

    private let storage = Mutex(Storage())

    var isOpen: Bool { storage.withLock { $0.isOpen } }

    func open() {
        let waiters = storage.withLock { storage in
            storage.isOpen = true
            defer { storage.waiters = [:] }
            return storage.waiters.values
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns once the gate is open, or the task is cancelled.
    func wait() async {
        let ticket = storage.withLock { storage in
            storage.next += 1
            return storage.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = storage.withLock { storage in
                    if storage.isOpen || Task.isCancelled { return true }
                    storage.waiters[ticket] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            storage.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
        }
    }

    /// Waits, but not longer than this; whether the gate is open then.
    func wait(atMost limit: Duration) async -> Bool {
        await withTaskGroup { group in
            group.addTask { await self.wait() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        return isOpen
    }
}
