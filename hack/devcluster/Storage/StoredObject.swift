import K8sClient
import Synchronization

/// Where an object lies within its resource; the namespace of cluster-scoped objects is empty.
struct ObjectKey: Hashable, Comparable, Sendable {
    var namespace: String
    var name: String

    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }
}

/// One version of one object, as small as it can be kept: its JSON text, and beside it only what selectors and the
/// garbage collector look at.
final class StoredObject: Sendable {
    let key: ObjectKey
    let uid: String
    let resourceVersion: UInt64
    let labels: [String: String]
    /// What field selectors may ask for, besides name and namespace.
    let fields: [String: String]
    /// The uids of the owners.
    let owners: [String]
    let isBeingDeleted: Bool
    /// Which edition of its schema the object was written under.
    let schemaRevision: Int
    /// The object as JSON, members sorted by name.
    let bytes: [UInt8]
    /// The object read already, while it is new: whoever wrote it, and every controller that is told of it, reads it at
    /// once. Read, an object takes several times as much memory as its text.
    private let fresh: Mutex<JSONValue?>

    /// Objects with more text are read anew each time.
    private static let maximumFreshBytes = 64 << 10

    init(_ object: JSONValue, resourceVersion: UInt64, fields: [String: String], schemaRevision: Int) {
        var object = object
        object["metadata", "resourceVersion"] = .string(String(resourceVersion))
        let meta = object.meta
        key = ObjectKey(namespace: meta.namespace, name: meta.name)
        uid = meta.uid
        labels = meta.labels
        self.fields = fields
        owners = meta.ownerReferences.compactMap { $0["uid"]?.string }
        isBeingDeleted = meta.deletionTimestamp != nil
        self.resourceVersion = resourceVersion
        self.schemaRevision = schemaRevision
        bytes = object.jsonBytes()
        fresh = Mutex(bytes.count <= Self.maximumFreshBytes ? object : nil)
    }

    /// An object as it was kept, with the version that it says of itself.
    /// - Throws: `JSONSyntaxError` when the bytes are no JSON.
    init(bytes: [UInt8], resourceVersion: UInt64, fields: [String: String], schemaRevision: Int) throws {
        let meta = try JSONValue(parsing: bytes).meta
        key = ObjectKey(namespace: meta.namespace, name: meta.name)
        uid = meta.uid
        labels = meta.labels
        self.fields = fields
        owners = meta.ownerReferences.compactMap { $0["uid"]?.string }
        isBeingDeleted = meta.deletionTimestamp != nil
        self.resourceVersion = resourceVersion
        self.schemaRevision = schemaRevision
        self.bytes = bytes
        fresh = Mutex(nil)
    }

    /// Keeps nothing but the text any more.
    func settle() { fresh.withLock { $0 = nil } }

    /// The object, read back.
    func decoded() throws(StatusError) -> JSONValue {
        if let object = fresh.withLock({ $0 }) { return object }
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .internalError("\(key.name) cannot be read back: \(error)")
        }
    }

    /// The same object under another version.
    func restamped(_ version: UInt64) throws(StatusError) -> StoredObject {
        StoredObject(try decoded(), resourceVersion: version, fields: fields, schemaRevision: schemaRevision)
    }

    func matches(_ selection: Selection) -> Bool {
        guard selection.namespace == nil || selection.namespace == key.namespace else { return false }
        guard selection.labels.requirements.isEmpty || selection.labels.matches(labels) else { return false }
        guard !selection.fields.requirements.isEmpty else { return true }
        var fields = self.fields
        fields["metadata.name"] = key.name
        fields["metadata.namespace"] = key.namespace
        return selection.fields.matches(fields)
    }
}

/// Which of a resource's objects a reader wants.
struct Selection: Sendable, Hashable {
    /// nil for every namespace.
    var namespace: String?
    var labels: LabelSelector = .everything
    var fields: FieldSelector = .everything
}

/// A change of one object, as it is kept for watches.
struct StoredEvent: Sendable {
    enum Kind: String, Sendable { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED" }

    var kind: Kind
    /// The object after the change; for a deletion its last state, with the deletion's version.
    var object: StoredObject
    /// The object before the change.
    var previous: StoredObject?
    /// The event as it is sent.
    let lines = EventLines()

    /// The event as a watch with this selection sees it: an object that comes to fit is added, one that no longer fits is
    /// deleted.
    func seen(through selection: Selection) -> StoredEvent? {
        let fits = object.matches(selection)
        let fitted = previous?.matches(selection) ?? false
        switch kind {
        case .added: return fits ? self : nil
        case .deleted: return fitted ? self : nil
        case .modified:
            if fits, fitted { return self }
            if fits { return StoredEvent(kind: .added, object: object, previous: previous) }
            guard fitted, let previous else { return nil }
            // The client knew the object as it was; only the version is that of the change that took it out of sight.
            let last = (try? previous.restamped(object.resourceVersion)) ?? previous
            return StoredEvent(kind: .deleted, object: last, previous: previous)
        }
    }
}
