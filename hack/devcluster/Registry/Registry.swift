import K8sClient
import Logging

/// The verbs of the API on stored objects: what a request goes through once it is authenticated, allowed and decoded, and
/// what the controllers and the node go through as well.
final class Registry: Sendable {
    /// How often a write that another writer overtook is made anew. Each turn means that another write succeeded; a writer
    /// that loses so often is told so.
    static let maximumAttempts = 100

    let store: ClusterStore
    let kinds: KindCatalog
    let serviceAddresses: ServiceAddresses
    let logger: Logger

    init(
        store: ClusterStore, kinds: KindCatalog, serviceAddresses: ServiceAddresses = ServiceAddresses(), logger: Logger
    ) {
        self.store = store
        self.kinds = kinds
        self.serviceAddresses = serviceAddresses
        self.logger = logger
    }

    func key(_ kind: KindDefinition, _ namespace: String?, _ name: String) -> ObjectKey {
        ObjectKey(namespace: kind.isNamespaced ? namespace ?? "" : "", name: name)
    }

    /// A stored object as a version shows it, with defaults that its schema gained since it was written.
    func present(_ stored: StoredObject, as kind: KindDefinition) throws(StatusError) -> JSONValue {
        var object = kind.presented(try stored.decoded())
        if stored.schemaRevision != kind.schemaRevision { Defaulting.apply(to: &object, kind.schema) }
        return object
    }

    /// The JSON of a stored object as a version shows it, without reading it where that can be helped.
    func presentedBytes(_ stored: StoredObject, as kind: KindDefinition) throws(StatusError) -> [UInt8] {
        if kind.presentsStoredForm, stored.schemaRevision == kind.schemaRevision { return stored.bytes }
        return try present(stored, as: kind).jsonBytes()
    }
}

// MARK: Reading

extension Registry {
    func stored(_ kind: KindDefinition, namespace: String?, name: String) throws(StatusError) -> StoredObject {
        guard let stored = store.get(kind.storage, key(kind, namespace, name)) else {
            throw .notFound(kind.groupResource, name)
        }
        return stored
    }

    func get(_ kind: KindDefinition, namespace: String?, name: String) throws(StatusError) -> JSONValue {
        try present(try stored(kind, namespace: namespace, name: name), as: kind)
    }
}
