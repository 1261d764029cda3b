import K8sClient
import Synchronization

/// Reads backends to be kept: what many of them have in common is in memory once.
final class BackendReader: Sendable {
    /// Of the last backend that had others than the one before.
    private let lastResources = Mutex(ResourceRequirements())

    func read(_ object: JSONValue) throws(JSONDecodingError) -> ChatBackend {
        var backend = try object.decode(ChatBackend.self)
        // Two dictionaries, which most backends leave at the schema's defaults.
        backend.spec.resources = lastResources.withLock { last in
            if last != backend.spec.resources { last = backend.spec.resources }
            return last
        }
        // Decoding made room for more entries than there are.
        if let inventory = backend.status?.inventory { backend.status?.inventory = inventory.map { $0 } }
        return backend
    }
}
