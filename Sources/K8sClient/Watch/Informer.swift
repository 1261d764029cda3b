public import ServiceLifecycle
import Synchronization

/// Keeps a store of a kind's objects up to date, and tells which of them changed.
///
/// What it keeps of each object is the caller's choice: with a `transform` that takes a few fields, memory does not depend
/// on how large the objects are; as `PartialObjectMetadata` the server does not even send the rest.
///
/// Guarantees: handlers are called after the store holds the change, one at a time and in order, on the informer's own task,
/// and also for what a new list shows to differ. Keys, not objects, are handed over: whoever looks later sees the newest.
public final class Informer<Stored: Sendable>: Service {
    /// What is known.
    public let store = ObjectStore<Stored>()
    private let watcher: Watcher<ObjectStore<Stored>.Entry>
    private let handlers: Handlers
    private let sync = SyncState()

    private final class Handlers: Sendable {
        let change = Mutex<[@Sendable (ObjectKey) -> Void]>([])
        let error = Mutex<[@Sendable (KubernetesError) -> Void]>([])
    }

    /// Watches objects that are kept as they are read.
    /// - Parameters:
    ///   - client: what lists and watches.
    ///   - resource: the kind.
    ///   - namespace: where; everywhere by default.
    ///   - options: which objects; only the selectors count.
    ///   - type: what the objects are read as.
    public convenience init(
        _ client: KubernetesClient, _ resource: APIResource, namespace: String? = nil, _ options: ListOptions = .init(),
        as type: Stored.Type = Stored.self
    ) where Stored: Decodable & KubernetesObject {
        self.init(client, resource, namespace: namespace, options, as: type) { $0 }
    }

    /// Watches objects of which `transform` says what is kept.
    /// - Parameters:
    ///   - client: what lists and watches.
    ///   - resource: the kind.
    ///   - namespace: where; everywhere by default.
    ///   - options: which objects; only the selectors count.
    ///   - type: what the objects are read as.
    ///   - transform: what is kept of each.
    public convenience init<Raw: Decodable & KubernetesObject>(
        _ client: KubernetesClient, _ resource: APIResource, namespace: String? = nil, _ options: ListOptions = .init(),
        as type: Raw.Type = Raw.self, transform: @escaping @Sendable (Raw) -> Stored
    ) {
        self.init(
            client, resource, namespace: namespace, options, as: type, tuning: WatchTuning(), transform: transform)
    }

    /// Watches objects of which only a part is read at all: what costs least where there are many.
    /// - Parameters:
    ///   - client: what lists and watches.
    ///   - resource: the kind.
    ///   - namespace: where; everywhere by default.
    ///   - options: which objects; only the selectors count.
    ///   - selection: what of each object; when it is metadata alone, the server sends no more than that.
    ///   - transform: what is kept of each, from the selected part; name, namespace, uid and version are always there.
    public convenience init(
        _ client: KubernetesClient, _ resource: APIResource, namespace: String? = nil, _ options: ListOptions = .init(),
        selecting selection: JSONSelection,
        transform: @escaping @Sendable (JSONValue) throws(JSONDecodingError) -> Stored
    ) {
        self.init(
            client, resource, namespace: namespace, options, .init(selection), selection, .value, tuning: WatchTuning()
        ) { object throws(JSONDecodingError) in try transform(object.value) }
    }

    convenience init<Raw: Decodable & KubernetesObject>(
        _ client: KubernetesClient, _ resource: APIResource, namespace: String?, _ options: ListOptions,
        as type: Raw.Type, tuning: WatchTuning, transform: @escaping @Sendable (Raw) -> Stored
    ) {
        self.init(
            client, resource, namespace: namespace, options, .init(for: type), .all, .init(for: type), tuning: tuning
        ) { object throws(JSONDecodingError) in transform(try object.decode(type)) }
    }

    private init(
        _ client: KubernetesClient, _ resource: APIResource, namespace: String?, _ options: ListOptions,
        _ representation: KubernetesRequest.Representation, _ selection: JSONSelection, _ form: ReceivedObject.Form,
        tuning: WatchTuning, stored: @escaping @Sendable (ReceivedObject) throws(JSONDecodingError) -> Stored
    ) {
        let handlers = Handlers()
        self.handlers = handlers
        watcher = Watcher(
            client, resource, namespace: namespace, options, representation, selecting: selection, form: form,
            tuning: tuning,
            onError: { error in for handler in handlers.error.withLock({ $0 }) { handler(error) } },
            convert: { object throws(JSONDecodingError) in
                ObjectStore.Entry(
                    key: object.objectKey, uid: object.uid, resourceVersion: object.resourceVersion,
                    value: try stored(object))
            })
    }

    /// Calls a handler with the key of each object that came, changed or went. To be registered before `run()`.
    public func onChange(_ handler: @escaping @Sendable (ObjectKey) -> Void) {
        handlers.change.withLock { $0.append(handler) }
    }

    /// Calls a handler with each failure, before the pause that follows it. To be registered before `run()`.
    public func onError(_ handler: @escaping @Sendable (KubernetesError) -> Void) {
        handlers.error.withLock { $0.append(handler) }
    }

    /// Keeps an index of the store: which objects have which values. The returned index looks them up.
    ///
    ///     let byOwner = pods.index("owner") { $0.metadata.ownerReferences.map(\.uid) }
    ///     for pod in byOwner[deployment.metadata.uid] { … }
    /// - Parameters:
    ///   - name: what the index is called in descriptions.
    ///   - values: under which values an object is found; pure, and quick, since the store waits for it.
    public func index(
        _ name: String, values: @escaping @Sendable (Stored) -> [String]
    ) -> ObjectIndex<Stored> {
        store.addIndex(name, values)
    }

    /// Whether the store has held a complete list, and every handler has been told of all that is in it.
    public var hasSynced: Bool { sync.isDone }

    /// Waits until the store holds a complete list and every handler has been told of all that is in it, or until the calling
    /// task is cancelled.
    public func synced() async {
        await sync.wait()
    }

    /// Keeps the store up to date until graceful shutdown or cancellation.
    /// - Throws: `KubernetesError` when the client was shut down under it.
    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            for await change in self.watcher { self.take(change) }
            guard Task.isCancelled else {
                throw KubernetesError(.cancelled, "the client was shut down under an informer")
            }
        }
    }

    private func take(_ change: Watcher<ObjectStore<Stored>.Entry>.Change) {
        let changed: [ObjectKey]
        switch change {
        case .restarted(let entries): changed = store.replaceAll(entries)
        case .applied(let entry): changed = store.apply(entry)
        case .deleted(let entry): changed = store.delete(entry.key)
        }
        if !changed.isEmpty {
            for handler in handlers.change.withLock({ $0 }) {
                for key in changed { handler(key) }
            }
        }
        if case .restarted = change { sync.finish() }
    }
}

/// Whether the first list is there, and who waits for it.
private final class SyncState: Sendable {
    private struct State {
        var isDone = false
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    var isDone: Bool { state.withLock { $0.isDone } }

    func finish() {
        let waiters = state.withLock { state in
            state.isDone = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumesNow = state.withLock { state in
                    // The cancellation may have come before the continuation.
                    if state.isDone || state.cancelled.remove(id) != nil { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if resumesNow { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: id)
                if waiter == nil, !state.isDone { state.cancelled.insert(id) }
                return waiter
            }
            waiter?.resume()
        }
    }
}
