import NIOPosix
import Synchronization

/// The logs of the node's containers: for each the run that is on and the one before.
final class NodeLogs: ContainerLogs {
    private struct Entry {
        var pod: String
        var current: LogFile?
        var previous: LogFile?
    }

    private let entries = Mutex<[String: [String: Entry]]>([:])

    /// Makes a pod's containers known, so that a question about one that has not started is answered well.
    func register(podUID: String, pod: String, containers: [String]) {
        entries.withLock { entries in
            for container in containers where entries[podUID]?[container] == nil {
                entries[podUID, default: [:]][container] = Entry(pod: pod)
            }
        }
    }

    /// The file for a container's next run; the run before the last one is forgotten.
    func begin(podUID: String, pod: String, container: String, path: String) -> LogFile {
        let file = LogFile(path: path)
        let dropped = entries.withLock { entries in
            var entry = entries[podUID]?[container] ?? Entry(pod: pod)
            defer { entries[podUID, default: [:]][container] = entry }
            let dropped = entry.previous
            entry.previous = entry.current
            entry.current = file
            return dropped
        }
        dropped?.remove()
        return file
    }

    /// Forgets a pod that is gone; its files go with its directory.
    func forget(podUID: String) {
        entries.withLock { entries in entries[podUID] = nil }
    }

    func log(podUID: String, container: String, _ options: LogOptions) async throws(StatusError)
        -> AsyncStream<[UInt8]>
    {
        guard let entry = entries.withLock({ $0[podUID]?[container] }) else {
            throw StatusError(
                code: 400, reason: "BadRequest", message: "container \"\(container)\" is not on this node")
        }
        guard let file = options.previous ? entry.previous : entry.current else {
            let message =
                options.previous
                ? "previous terminated container \"\(container)\" in pod \"\(entry.pod)\" not found"
                : "container \"\(container)\" in pod \"\(entry.pod)\" is waiting to start: ContainerCreating"
            throw StatusError(code: 400, reason: "BadRequest", message: message)
        }
        let reader = LogReader(file, options)
        // Each piece is read when it is asked for: a slow client holds up nothing but itself.
        return AsyncStream { await reader.next() }
    }

    /// The last of what a run wrote, for `terminationMessagePolicy: FallbackToLogsOnError`: 80 lines or 2,048 bytes.
    static func ending(of file: LogFile) async -> String {
        var options = LogOptions()
        options.tailLines = 80
        let reader = LogReader(file, options)
        var bytes: [UInt8] = []
        while let piece = await reader.next() { bytes += piece }
        return String(decoding: bytes.suffix(2048), as: UTF8.self)
    }
}
