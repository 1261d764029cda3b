import Synchronization

/// Which backends live in which namespace: what an event of an owned object is for.
final class BackendIndex: Sendable {
    private struct Storage {
        var namespaces: [String: String] = [:]
        var backends: [String: Set<String>] = [:]
    }

    private let storage = Mutex(Storage())

    /// - Parameter namespace: nil when the backend is gone.
    func update(_ backend: String, namespace: String?) {
        storage.withLock { storage in
            if let before = storage.namespaces.removeValue(forKey: backend) {
                storage.backends[before]?.remove(backend)
                if storage.backends[before]?.isEmpty == true { storage.backends[before] = nil }
            }
            guard let namespace else { return }
            storage.namespaces[backend] = namespace
            storage.backends[namespace, default: []].insert(backend)
        }
    }

    func backends(in namespace: String) -> Set<String> {
        storage.withLock { $0.backends[namespace] ?? [] }
    }
}
