import Synchronization

/// Text that is collected piece by piece.
final class CollectedText: Sendable {
    private let storage = Mutex("")

    func append(_ text: String) { storage.withLock { $0 += text } }

    var text: String { storage.withLock { $0 } }
}
