import Glibc
import Synchronization

/// What one run of a container wrote, as CRI runtimes keep it: a line is `TIME STREAM F|P TEXT`, where P is a part of a
/// line that goes on.
///
/// At 10 MB the file becomes `PATH.1` and a new one begins; the one before is dropped. A container that writes without
/// end so takes 20 MB. The calls block: use it on a thread that may.
final class LogFile: Sendable {
    enum Stream: String { case stdout, stderr }

    static let limit = 10 << 20
    /// Where a line without an end is cut, as CRI runtimes do.
    static let longestLine = 16 << 10

    private struct Storage {
        var descriptor: CInt = -1
        var size = 0
        var partial: [Stream: [UInt8]] = [:]
        var followers: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextFollower = 0
        var isEnded = false
    }

    let path: String
    private let storage = Mutex(Storage())

    init(path: String) { self.path = path }

    deinit {
        storage.withLock { storage in if storage.descriptor >= 0 { close(storage.descriptor) } }
    }

    var isEnded: Bool { storage.withLock { $0.isEnded } }

    /// Makes the file, so that readers have it open before anything is written and keep it when the pod goes.
    func create() throws(IOFailure) {
        try storage.withLock { storage throws(IOFailure) in try write([], &storage) }
    }

    /// Takes in what a stream of the container produced.
    /// - Throws: `errno` of the failed call, as an `IOFailure`.
    func append(_ bytes: [UInt8], to stream: Stream, at time: String) throws(IOFailure) {
        let followers = try storage.withLock { storage throws(IOFailure) -> [AsyncStream<Void>.Continuation] in
            guard !storage.isEnded else { return [] }
            var lines: [UInt8] = []
            var pending = storage.partial[stream] ?? []
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    Self.add(pending, stream, time, flag: "F", to: &lines)
                    pending.removeAll(keepingCapacity: true)
                } else {
                    pending.append(byte)
                    if pending.count == Self.longestLine {
                        Self.add(pending, stream, time, flag: "P", to: &lines)
                        pending.removeAll(keepingCapacity: true)
                    }
                }
            }
            storage.partial[stream] = pending
            if !lines.isEmpty { try write(lines, &storage) }
            return Array(storage.followers.values)
        }
        for follower in followers { follower.yield() }
    }

    /// Writes what was left without a line's end, and lets readers that follow come to theirs.
    func end(at time: String) throws(IOFailure) {
        let followers = try storage.withLock { storage throws(IOFailure) in
            defer {
                if storage.descriptor >= 0 { close(storage.descriptor) }
                storage.descriptor = -1
                storage.isEnded = true
            }
            for stream in [Stream.stdout, .stderr] {
                guard let rest = storage.partial[stream], !rest.isEmpty else { continue }
                var lines: [UInt8] = []
                Self.add(rest, stream, time, flag: "F", to: &lines)
                try write(lines, &storage)
            }
            return Array(storage.followers.values)
        }
        for follower in followers { follower.yield() }
    }

    /// A signal for each change from now on; several that were not taken yet are one.
    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let ticket = storage.withLock { storage in
            storage.nextFollower += 1
            storage.followers[storage.nextFollower] = continuation
            return storage.nextFollower
        }
        continuation.onTermination = { [weak self] _ in
            self?.storage.withLock { storage in storage.followers[ticket] = nil }
        }
        return stream
    }

    /// Removes the files.
    func remove() {
        unlink(path)
        unlink(path + ".1")
    }

    private func write(_ lines: [UInt8], _ storage: inout Storage) throws(IOFailure) {
        if storage.descriptor >= 0, storage.size + lines.count > Self.limit {
            close(storage.descriptor)
            storage.descriptor = -1
            guard rename(path, path + ".1") == 0 else { throw IOFailure(path) }
        }
        if storage.descriptor < 0 {
            storage.descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            guard storage.descriptor >= 0 else { throw IOFailure(path) }
            storage.size = 0
        }
        var rest = lines[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(storage.descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw IOFailure(path)
            }
            rest = rest.dropFirst(count)
        }
        storage.size += lines.count
    }

    private static func add(
        _ text: [UInt8], _ stream: Stream, _ time: String, flag: String, to lines: inout [UInt8]
    ) {
        lines += Array("\(time) \(stream.rawValue) \(flag) ".utf8)
        lines += text
        lines.append(UInt8(ascii: "\n"))
    }
}
