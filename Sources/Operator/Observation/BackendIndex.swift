import K8sClient
import Synchronization

/// What changed about a backend.
enum BackendChange: Sendable, Hashable {
    /// What is wanted of it: it is new, edited, being deleted or gone.
    case specification
    /// What is seen of it: its status, its finalizers, the objects in its namespace.
    case observation
}

/// Which backends there are, and in which namespace: what an event of an object is for.
final class BackendIndex: Sendable {
    private struct Entry {
        let namespace: String
        let uid: String
        let generation: Int64?
        let isBeingDeleted: Bool

        init(_ backend: ChatBackend) {
            namespace = backend.namespace
            uid = backend.metadata.uid
            generation = backend.metadata.generation
            isBeingDeleted = backend.metadata.isBeingDeleted
        }
    }

    private struct Storage {
        var entries: [String: Entry] = [:]
        var backends: [String: Set<String>] = [:]
    }

    private let storage = Mutex(Storage())

    /// Takes a backend as it is now.
    /// - Parameter backend: nil when it is gone.
    /// - Returns: what is new about it.
    func update(_ name: String, _ backend: ChatBackend?) -> BackendChange {
        let entry = backend.map { Entry($0) }
        return storage.withLock { storage in
            let before = storage.entries[name]
            storage.entries[name] = entry
            if before?.namespace != entry?.namespace {
                if let namespace = before?.namespace {
                    storage.backends[namespace]?.remove(name)
                    if storage.backends[namespace]?.isEmpty == true { storage.backends[namespace] = nil }
                }
                if let namespace = entry?.namespace { storage.backends[namespace, default: []].insert(name) }
            }
            let isSame =
                before?.uid == entry?.uid && before?.generation == entry?.generation
                && before?.isBeingDeleted == entry?.isBeingDeleted
            return isSame ? .observation : .specification
        }
    }

    var all: [String] {
        storage.withLock { Array($0.entries.keys) }
    }

    func backends(in namespace: String) -> Set<String> {
        storage.withLock { $0.backends[namespace] ?? [] }
    }
}
