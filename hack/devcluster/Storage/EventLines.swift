import NIOCore
import Synchronization

/// An event as watches send it, made once for all that ask for the same form.
///
/// It is kept only while the event is new: a watch that comes to it later makes the line for itself, so that what is
/// kept is bounded however many forms and events there are.
final class EventLines: Sendable {
    /// How many of a resource's newest events keep their lines.
    static let keptEvents = 32

    private struct Storage {
        var lines: [String: ByteBuffer] = [:]
        var isOld = false
    }

    private let storage = Mutex(Storage())

    /// The line; made under the lock, so that watches that come at the same time wait for the first of them.
    /// - Parameter form: names all that the line depends on besides the event.
    func line(_ form: String, _ make: () throws(StatusError) -> ByteBuffer) throws(StatusError) -> ByteBuffer {
        try storage.withLock { storage throws(StatusError) in
            if let line = storage.lines[form] { return line }
            let line = try make()
            if !storage.isOld { storage.lines[form] = line }
            return line
        }
    }

    /// Keeps nothing any more.
    func retire() {
        storage.withLock { storage in
            storage.isOld = true
            storage.lines = [:]
        }
    }
}
