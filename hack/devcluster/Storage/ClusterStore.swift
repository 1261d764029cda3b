import DequeModule
import Dispatch
import FoundationEssentials
import Synchronization

/// The objects of the cluster, in memory, with one version counter over all of them and a bounded past for watches; with a
/// log, on disk as well.
///
/// Writers are optimistic: a change names the version that it was made from and is refused when that is no longer the
/// stored one.
final class ClusterStore: Sendable {
    /// How many changes of one resource are kept for watches that resume. A watch that resumes from before them is
    /// answered 410 and lists again, as on a server whose history was compacted.
    static let historyCapacity = 1_000
    /// How large the objects of one resource's history may be together.
    static let historyBytes = 32 << 20

    struct ResourceState {
        var objects: [ObjectKey: StoredObject] = [:]
        /// The objects' keys in order, for lists and their pages.
        var keys: [ObjectKey] = []
        var history: Deque<StoredEvent> = []
        /// How large the objects in `history` are.
        var historyBytes = 0
        /// The version of the newest change, told already or not.
        var newest: UInt64
        /// The version of the newest change that history no longer holds.
        var forgotten: UInt64
        var watchers: [UInt64: Watcher] = [:]

        init(forgotten: UInt64) {
            self.forgotten = forgotten
            newest = forgotten
        }
    }

    struct State {
        var version: UInt64
        /// The version at which the store began: nothing before it can be told.
        let floor: UInt64
        var resources: [GroupResource: ResourceState] = [:]
        var nextWatcher: UInt64 = 0
        /// Watches that fell behind, to be finished once the lock is released: a watch's end takes it again.
        var overrun: [Watcher] = []
        var isEnding = false
        /// Counts the changes after which something may have lost its owner.
        var ownershipEdition: UInt64 = 1
        /// nil without a log.
        var durability: Durability?
    }

    let state: Mutex<State>
    /// What keeps changes over a restart.
    let log: (any DurableLog)?
    /// Where the log's blocking work is done.
    let commits = DispatchQueue(label: "devcluster.commits")

    /// - Parameter firstVersion: where versions begin.
    init(firstVersion: UInt64 = ClusterStore.firstVersion(after: 0), log: (any DurableLog)? = nil) {
        self.log = log
        state = Mutex(
            State(
                version: firstVersion, floor: firstVersion,
                durability: log == nil ? nil : Durability(version: firstVersion)))
    }

    /// Where a run's versions begin: at the clock's milliseconds, so that a client that saw versions of an earlier run is
    /// told that they expired, and never takes an old version for a new one; well behind the last version on disk, as some
    /// that never got there may have been seen.
    static func firstVersion(after last: UInt64) -> UInt64 {
        max(UInt64(Date().timeIntervalSince1970 * 1000), last + 10_000)
    }

    /// The version of the newest change.
    var version: UInt64 { state.withLock { $0.version } }

    /// Tells whether anything was deleted, marked for deletion or given an owner since it was last asked for.
    var ownershipEdition: UInt64 { state.withLock { $0.ownershipEdition } }

    /// Whether the server is going down and watches end for good.
    var isEnding: Bool { state.withLock { $0.isEnding } }

    func get(_ resource: GroupResource, _ key: ObjectKey) -> StoredObject? {
        state.withLock { $0.resources[resource]?.objects[key] }
    }

    /// The objects that fit, in order, and the version at which they were all there.
    func list(_ resource: GroupResource, _ selection: Selection) -> (objects: [StoredObject], version: UInt64) {
        let (all, version) = state.withLock { state in (state.snapshot(resource, selection), state.version) }
        return (all.filter { $0.matches(selection) }, version)
    }

    /// Whether any object of the resource fits.
    func contains(_ resource: GroupResource, namespace: String) -> Bool {
        state.withLock { state in
            state.resources[resource]?.keys.contains { $0.namespace == namespace } ?? false
        }
    }

    /// The version of each resource's newest change, to tell whether anything compiled from them is still right.
    func editions(of resources: [GroupResource]) -> [UInt64] {
        state.withLock { state in
            resources.map { state.resources[$0]?.newest ?? state.floor }
        }
    }

    /// The resources of which there is any object, in the order of their names.
    var populatedResources: [GroupResource] {
        state.withLock { state in
            state.resources.filter { !$0.value.objects.isEmpty }.keys
                .sorted { ($0.group, $0.resource) < ($1.group, $1.resource) }
        }
    }
}

extension ClusterStore {
    /// What became of a change.
    enum Outcome: Sendable {
        case done(StoredObject)
        /// Another object stands under the key already.
        case exists
        /// The stored object is not the one that the change was made from.
        case outdated
    }

    /// Stores a new object, made with its version.
    func insert(_ resource: GroupResource, _ key: ObjectKey, _ make: (UInt64) -> StoredObject)
        throws(StatusError) -> Outcome
    {
        try write { state in
            if state.resources[resource]?.objects[key] != nil { return .exists }
            state.version += 1
            let object = make(state.version)
            state.put(resource, object, previous: nil)
            return .done(object)
        }
    }

    /// Replaces an object by one that was made from it.
    func replace(_ resource: GroupResource, _ previous: StoredObject, _ make: (UInt64) -> StoredObject)
        throws(StatusError) -> Outcome
    {
        try write { state in
            guard state.resources[resource]?.objects[previous.key] === previous else { return .outdated }
            state.version += 1
            let object = make(state.version)
            state.put(resource, object, previous: previous)
            return .done(object)
        }
    }

    /// Removes an object; what `make` returns is its last state, which watches are told.
    func remove(_ resource: GroupResource, _ previous: StoredObject, _ make: (UInt64) -> StoredObject)
        throws(StatusError) -> Outcome
    {
        try write { state in
            guard state.resources[resource]?.objects[previous.key] === previous else { return .outdated }
            state.version += 1
            let object = make(state.version)
            state.drop(resource, object, previous: previous)
            return .done(object)
        }
    }

    /// - Throws: 500 while the log cannot be written.
    private func write(_ body: (inout State) -> Outcome) throws(StatusError) -> Outcome {
        let (outcome, overrun) = try state.withLock { state throws(StatusError) in
            if let failure = state.failureOfLog { throw failure }
            let outcome = body(&state)
            return (outcome, state.takeOverrun())
        }
        for watcher in overrun { watcher.continuation.finish() }
        scheduleCommit()
        return outcome
    }
}

extension ClusterStore.State {
    func snapshot(_ resource: GroupResource, _ selection: Selection) -> [StoredObject] {
        guard let objects = resources[resource] else { return [] }
        guard let namespace = selection.namespace else { return objects.keys.compactMap { objects.objects[$0] } }
        let start = objects.keys.partitioningIndex(ObjectKey(namespace: namespace, name: ""))
        return objects.keys[start...].prefix { $0.namespace == namespace }.compactMap { objects.objects[$0] }
    }

    mutating func put(_ resource: GroupResource, _ object: StoredObject, previous: StoredObject?) {
        let key = object.key
        if object.isBeingDeleted || object.owners != previous?.owners ?? [] { ownershipEdition += 1 }
        resources[resource, default: ClusterStore.ResourceState(forgotten: floor)].objects[key] = object
        if previous == nil {
            resources[resource]?.insertKey(key)
        }
        announce(resource, StoredEvent(kind: previous == nil ? .added : .modified, object: object, previous: previous))
    }

    mutating func drop(_ resource: GroupResource, _ object: StoredObject, previous: StoredObject) {
        ownershipEdition += 1
        resources[resource]?.objects[previous.key] = nil
        resources[resource]?.removeKey(previous.key)
        announce(resource, StoredEvent(kind: .deleted, object: object, previous: previous))
    }

    private mutating func announce(_ resource: GroupResource, _ event: StoredEvent) {
        resources[resource]?.newest = event.object.resourceVersion
        if durability == nil {
            publish(resource, event)
        } else {
            durability?.unpublished.append((resource, event))
        }
    }

    /// Tells watches of a change.
    mutating func publish(_ resource: GroupResource, _ event: StoredEvent) {
        resources[resource]?.record(event)
        for (id, watcher) in resources[resource]?.watchers ?? [:] {
            guard event.object.resourceVersion > watcher.after, let seen = event.seen(through: watcher.selection) else {
                continue
            }
            if !watcher.tell(.event(seen)) {
                resources[resource]?.watchers[id] = nil
                overrun.append(watcher)
            }
        }
    }
}

extension ClusterStore.ResourceState {
    mutating func insertKey(_ key: ObjectKey) { keys.insert(key, at: keys.partitioningIndex(key)) }

    mutating func removeKey(_ key: ObjectKey) {
        let index = keys.partitioningIndex(key)
        if index < keys.count, keys[index] == key { keys.remove(at: index) }
    }

    mutating func record(_ event: StoredEvent) {
        history.append(event)
        historyBytes += event.object.bytes.count
        if history.count > EventLines.keptEvents {
            let aged = history[history.count - 1 - EventLines.keptEvents]
            aged.lines.retire()
            aged.object.settle()
        }
        while history.count > ClusterStore.historyCapacity || historyBytes > ClusterStore.historyBytes,
            let oldest = history.popFirst()
        {
            historyBytes -= oldest.object.bytes.count
            forgotten = oldest.object.resourceVersion
        }
    }
}

extension [ObjectKey] {
    /// The index of the first key that is not less than this one, in a sorted array.
    func partitioningIndex(_ key: ObjectKey) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
