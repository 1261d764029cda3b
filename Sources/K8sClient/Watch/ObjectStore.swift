import Synchronization

/// What an informer knows: objects by key, each with the version that it stands for. Read from anywhere.
public final class ObjectStore<Stored: Sendable>: Sendable {
    /// A class, so that the room that a dictionary keeps free is not as large as the objects.
    final class Entry: Sendable {
        let key: ObjectKey
        /// Instead of the uid, of which nobody asks more than whether it is another: thousands of objects have one each.
        let uidHash: Int
        let resourceVersion: String
        let value: Stored

        init(key: ObjectKey, uid: String, resourceVersion: String, value: Stored) {
            self.key = key
            uidHash = uid.hashValue
            self.resourceVersion = resourceVersion
            self.value = value
        }
    }

    private struct State {
        var entries: [ObjectKey: Entry] = [:]
        var indexes: [IndexState<Stored>] = []
    }

    private let state = Mutex(State())

    init() {}

    /// The object under a key.
    public subscript(_ key: ObjectKey) -> Stored? { state.withLock { $0.entries[key]?.value } }

    /// The object under a key.
    public func get(_ key: ObjectKey) -> Stored? { self[key] }

    /// The object of a name.
    public func get(_ name: String, namespace: String? = nil) -> Stored? {
        self[ObjectKey(namespace: namespace, name: name)]
    }

    /// Every object, in no order.
    public var all: [Stored] { state.withLock { $0.entries.values.map(\.value) } }

    /// Every key, in no order.
    public var keys: [ObjectKey] { state.withLock { Array($0.entries.keys) } }

    /// How many objects there are.
    public var count: Int { state.withLock { $0.entries.count } }

    /// The version of the object under a key.
    public func resourceVersion(_ key: ObjectKey) -> String? { state.withLock { $0.entries[key]?.resourceVersion } }

    // MARK: Changes; each answers the keys that differ afterwards.

    func replaceAll(_ new: [Entry]) -> [ObjectKey] {
        state.withLock { state in
            var replaced: [ObjectKey: Entry] = .init(minimumCapacity: new.count)
            var changed: [ObjectKey] = []
            for entry in new {
                replaced[entry.key] = entry
                let old = state.entries[entry.key]
                if old?.uidHash != entry.uidHash || old?.resourceVersion != entry.resourceVersion {
                    changed.append(entry.key)
                }
            }
            for key in state.entries.keys where replaced[key] == nil { changed.append(key) }
            state.entries = replaced
            for index in state.indexes.indices {
                state.indexes[index].removeAll()
                for entry in replaced.values { state.indexes[index].set(entry.value, for: entry.key) }
            }
            return changed
        }
    }

    func apply(_ entry: Entry) -> [ObjectKey] {
        state.withLock { state in
            let old = state.entries.updateValue(entry, forKey: entry.key)
            for index in state.indexes.indices { state.indexes[index].set(entry.value, for: entry.key) }
            return old?.uidHash == entry.uidHash && old?.resourceVersion == entry.resourceVersion ? [] : [entry.key]
        }
    }

    func delete(_ key: ObjectKey) -> [ObjectKey] {
        state.withLock { state in
            for index in state.indexes.indices { state.indexes[index].remove(key) }
            return state.entries.removeValue(forKey: key) == nil ? [] : [key]
        }
    }

    // MARK: Indexes

    func addIndex(_ name: String, _ values: @escaping @Sendable (Stored) -> [String]) -> ObjectIndex<Stored> {
        state.withLock { state in
            var index = IndexState(values: values)
            for entry in state.entries.values { index.set(entry.value, for: entry.key) }
            state.indexes.append(index)
            return ObjectIndex(name: name, store: self, position: state.indexes.count - 1)
        }
    }

    func objects(_ index: Int, _ value: String) -> [Stored] {
        state.withLock { state in state.indexes[index].keys(value).compactMap { state.entries[$0]?.value } }
    }

    func keys(_ index: Int, _ value: String) -> Set<ObjectKey> { state.withLock { $0.indexes[index].keys(value) } }

    func values(_ index: Int) -> [String] { state.withLock { $0.indexes[index].knownValues } }
}
