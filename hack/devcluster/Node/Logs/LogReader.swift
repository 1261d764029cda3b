import FoundationEssentials
import Glibc
import NIOPosix

/// Reads one `LogFile` from its beginning, and on while it grows.
actor LogReader {
    private let file: LogFile
    private let follow: Bool
    private var lines: LogLines
    private let tail: Int?
    private let changes: AsyncStream<Void>
    private var descriptor: CInt?
    private var isStarted = false
    private var isDone = false

    init(_ file: LogFile, _ options: LogOptions) {
        self.file = file
        follow = options.follow
        tail = options.tailLines
        let since = options.sinceSeconds.map { LogTime.text(Date(timeIntervalSinceNow: -Double($0))) }
        lines = LogLines(timestamps: options.timestamps, since: since, limitBytes: options.limitBytes)
        // Before the first read: what is written after it is then never missed.
        changes = file.changes()
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// The next piece; nil at the end.
    func next() async -> [UInt8]? {
        guard !isDone else { return nil }
        if !isStarted {
            isStarted = true
            let first = await start()
            if !first.isEmpty { return first }
        }
        var waiting = changes.makeAsyncIterator()
        while !lines.isFull, !Task.isCancelled {
            // Asked first: what was written before the end is then still read.
            let isEnded = file.isEnded
            let piece = await readOn()
            if !piece.isEmpty {
                let output = lines.read(piece[...])
                if !output.isEmpty { return output }
                continue
            }
            guard follow, !isEnded else { break }
            guard await waiting.next() != nil else { break }
        }
        isDone = true
        return nil
    }

    /// What the files hold at first: all of it, or its last lines. They are bounded, so this is too.
    private func start() async -> [UInt8] {
        let path = file.path
        let tail = tail
        let read = try? await NIOThreadPool.singleton.runIfActive { () -> ([UInt8], CInt) in
            var whole: [UInt8] = []
            let older = open(path + ".1", O_RDONLY | O_CLOEXEC)
            if older >= 0 {
                Self.drain(older, into: &whole, limit: .max)
                close(older)
            }
            let current = open(path, O_RDONLY | O_CLOEXEC)
            if current >= 0 { Self.drain(current, into: &whole, limit: .max) }
            if let tail { whole.removeFirst(LogLines.start(ofLast: tail, in: whole)) }
            return (whole, current)
        }
        guard let read else { return [] }
        descriptor = read.1 >= 0 ? read.1 : nil
        return lines.read(read.0[...])
    }

    /// What came since; from the file that took the place of this one too.
    private func readOn() async -> [UInt8] {
        let path = file.path
        let descriptor = descriptor ?? -1
        let read = try? await NIOThreadPool.singleton.runIfActive { () -> ([UInt8], CInt) in
            var piece: [UInt8] = []
            if descriptor >= 0 {
                Self.drain(descriptor, into: &piece, limit: 256 << 10)
                if !piece.isEmpty { return (piece, descriptor) }
            }
            guard let present = MachineFiles.identity(path) else { return ([], descriptor) }
            if descriptor >= 0, MachineFiles.identity(of: descriptor) == present { return ([], descriptor) }
            let opened = open(path, O_RDONLY | O_CLOEXEC)
            guard opened >= 0 else { return ([], descriptor) }
            if descriptor >= 0 { close(descriptor) }
            Self.drain(opened, into: &piece, limit: 256 << 10)
            return (piece, opened)
        }
        guard let read else { return [] }
        self.descriptor = read.1 >= 0 ? read.1 : nil
        return read.0
    }

    private static func drain(_ descriptor: CInt, into bytes: inout [UInt8], limit: Int) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < limit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes += buffer.prefix(count)
        }
    }
}

/// Times of log lines: RFC 3339 with nanoseconds, all of one length, so that they compare as text.
enum LogTime {
    static func text(_ date: Date) -> String {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        let nanoseconds = Int((date.timeIntervalSince1970 - seconds) * 1e9)
        let digits = String(nanoseconds)
        let fraction = String(repeating: "0", count: 9 - digits.count) + digits
        return "\(KubernetesTime(seconds: Int(seconds)).description.dropLast()).\(fraction)Z"
    }

    static var now: String { text(Date()) }
}
