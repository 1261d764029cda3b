import Synchronization

/// What an informer knows: objects by key, each with the version that it stands for. Read from anywhere.
public final class ObjectStore<Stored: Sendable>: Sendable {
    /// A class, so that the room that a dictionary keeps free is not as large as the objects.
    final class Entry: Sendable {
        let key: ObjectKey
        let uid: String
        let resourceVersion: String
        let value: Stored

        init(key: ObjectKey, uid: String, resourceVersion: String, value: Stored) {
            self.key = key
            self.uid = uid
            self.resourceVersion = resourceVersion
            self.value = value
        }
    }

    private let entries = Mutex<[ObjectKey: Entry]>([:])

    init() {}

    /// The object under a key.
    public subscript(_ key: ObjectKey) -> Stored? { entries.withLock { $0[key]?.value } }

    /// The object under a key.
    public func get(_ key: ObjectKey) -> Stored? { self[key] }

    /// The object of a name.
    public func get(_ name: String, namespace: String? = nil) -> Stored? {
        self[ObjectKey(namespace: namespace, name: name)]
    }

    /// Every object, in no order.
    public var all: [Stored] { entries.withLock { $0.values.map(\.value) } }

    /// Every key, in no order.
    public var keys: [ObjectKey] { entries.withLock { Array($0.keys) } }

    /// How many objects there are.
    public var count: Int { entries.withLock { $0.count } }

    /// The version of the object under a key.
    public func resourceVersion(_ key: ObjectKey) -> String? { entries.withLock { $0[key]?.resourceVersion } }

    // MARK: Changes; each answers the keys that differ afterwards.

    func replaceAll(_ new: [Entry]) -> [ObjectKey] {
        entries.withLock { entries in
            var replaced: [ObjectKey: Entry] = .init(minimumCapacity: new.count)
            var changed: [ObjectKey] = []
            for entry in new {
                replaced[entry.key] = entry
                let old = entries[entry.key]
                if old?.uid != entry.uid || old?.resourceVersion != entry.resourceVersion { changed.append(entry.key) }
            }
            for key in entries.keys where replaced[key] == nil { changed.append(key) }
            entries = replaced
            return changed
        }
    }

    func apply(_ entry: Entry) -> [ObjectKey] {
        entries.withLock { entries in
            let old = entries.updateValue(entry, forKey: entry.key)
            return old?.uid == entry.uid && old?.resourceVersion == entry.resourceVersion ? [] : [entry.key]
        }
    }

    func delete(_ key: ObjectKey) -> [ObjectKey] {
        entries.withLock { $0.removeValue(forKey: key) == nil ? [] : [key] }
    }
}
