import K8sClient
import Synchronization

/// What the operator remembers of one backend between two looks at it: what it wrote itself, which the watches show only
/// a moment later.
struct BackendRecord: Sendable {
    /// Of which object this is; a resource deleted and made anew is another.
    let uid: String
    /// What was applied, the latest writes included.
    var applied: Inventory
    /// What `applied` was made from, when all of it was: while it stands, there is nothing to compute anew.
    var converged: ConvergedState?
    /// Objects written whose new version the watches have not shown yet.
    var unseen: [ObjectIdentity: UnseenWrite] = [:]
    /// Whose the namespace was found to be.
    var claim: NamespaceClaim?
    /// Whether the namespace was not there when this run began: then nothing is in it but what this run makes.
    var isNamespaceNew = false
    /// Whether the finalizer was put on, which the watch may still have to show.
    var hasFinalizer = false
    /// Whether the finalizer was taken off a deleted resource, whose end the watch may still have to show.
    var isReleased = false
    /// The status as it was last written, and the version of the resource that came of it.
    var status: (value: ChatBackendStatus, resourceVersion: String)?
    /// Until when the status waits for the watches to show what was applied.
    var statusDue: ContinuousClock.Instant?
    /// What was found of the Secrets that the pods read: no values.
    var secrets: KnownSecrets?
    /// Made and updated objects that no Event has told of yet.
    var untold = AppliedObjects()

    /// The annotation's value that everything was applied anew for, which the status may still have to tell.
    var handledReconcileAt: String?

    /// Starts from what the resource's status says: after a restart that is all there is.
    init(_ backend: ChatBackend) {
        uid = backend.metadata.uid
        applied = Inventory(backend.status?.inventory ?? [])
        secrets = KnownSecrets(backend)
    }

    /// Forgets the writes that the watches show by now, and those that they should have shown long ago.
    mutating func dropSeen(_ observe: (ObjectIdentity) -> ObservedObject?) {
        let now = ContinuousClock.now
        unseen = unseen.filter { identity, write in
            now < write.believedUntil && !isShown(write.object.resourceVersion, by: observe(identity)?.resourceVersion)
        }
    }

    /// Whether somebody asked for everything to be applied anew, and it was not done yet.
    mutating func isReconcileRequested(_ backend: ChatBackend) -> Bool {
        guard let request = backend.reconcileRequest, request != handledReconcileAt else { return false }
        return request != newestStatus(backend)?.lastHandledReconcileAt
    }

    /// Whether every object that was applied is there with our fields as we left them, and nothing else of ours is.
    func isIntact(leftovers: [ObjectIdentity], _ observe: (ObjectIdentity) -> ObservedObject?) -> Bool {
        applied.entries.allSatisfy { entry in
            let identity = entry.identity
            guard let object = unseen[identity]?.object ?? observe(identity) else { return false }
            return !object.isTerminating && object.fieldsHash == entry.fieldsHash
        } && leftovers.allSatisfy { applied[$0] != nil }
    }

    /// Holds what was applied once, together with the resource as it is kept, when both say the same.
    private mutating func shareInventory(of backend: ChatBackend) {
        guard let shown = backend.status?.inventory, shown.count == applied.entries.count,
            shown.allSatisfy({ applied[$0.identity] == $0 })
        else { return }
        applied = Inventory(shown)
    }

    /// The newest status known: our last write, until the watch shows the resource at that version or a later one, which then
    /// is all that is kept.
    mutating func newestStatus(_ backend: ChatBackend) -> ChatBackendStatus? {
        guard let written = status, !isShown(written.resourceVersion, by: backend.metadata.resourceVersion) else {
            status = nil
            shareInventory(of: backend)
            return backend.status
        }
        return written.value
    }
}

/// Everything that desired state depends on.
struct ConvergedState: Sendable, Hashable {
    let generation: Int64?
    let facts: ObservedFacts
}

/// A write that the watches are still to show.
struct UnseenWrite: Sendable {
    let object: ObservedObject
    /// Until when a watch that does not show it is taken to lag; afterwards it is believed.
    let believedUntil: ContinuousClock.Instant

    static let patience: Duration = .seconds(5)
}

/// Names of objects, by what was done to them, for an Event's note.
struct AppliedObjects: Sendable, Hashable {
    var created: [String] = []
    var updated: [String] = []
    var deleted: [String] = []
}

/// Whether a watch that shows `shown` has reached `written`. Resource versions are ordered numbers (KEP-5504).
func isShown(_ written: String, by shown: String?) -> Bool {
    guard let shown else { return false }
    guard let writtenNumber = UInt64(written), let shownNumber = UInt64(shown) else { return written == shown }
    return shownNumber >= writtenNumber
}

/// The records of all backends. One run at a time works on one backend's, so that none is ever changed by two.
final class BackendRecords: Sendable {
    /// A class, so that the room that a dictionary keeps free is not as large as the records.
    private final class Box: Sendable {
        let record: BackendRecord
        init(_ record: BackendRecord) { self.record = record }
    }

    private let records = Mutex<[String: Box]>([:])

    /// The backend's record; a new one when the name belongs to another object than before.
    func record(of backend: ChatBackend) -> BackendRecord {
        let known = records.withLock { $0[backend.name]?.record }
        if let known, known.uid == backend.metadata.uid { return known }
        return BackendRecord(backend)
    }

    func remember(_ record: BackendRecord, _ name: String) {
        records.withLock { $0[name] = Box(record) }
    }

    func forget(_ name: String) {
        records.withLock { $0[name] = nil }
    }
}
