import DequeModule
import FoundationEssentials
import Synchronization

/// The objects of the cluster, in memory, with one version counter over all of them and a bounded past for watches.
///
/// Writers are optimistic: a change names the version that it was made from and is refused when that is no longer the
/// stored one.
final class ClusterStore: Sendable {
    /// How many changes of one resource are kept for watches that resume. A watch that resumes from before them is
    /// answered 410 and lists again, as on a server whose history was compacted.
    static let historyCapacity = 1_000

    struct ResourceState {
        var objects: [ObjectKey: StoredObject] = [:]
        /// The objects' keys in order, for lists and their pages.
        var keys: [ObjectKey] = []
        var history: Deque<StoredEvent> = []
        /// The version of the newest change that history no longer holds.
        var forgotten: UInt64
        var watchers: [UInt64: Watcher] = [:]
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
    }

    let state: Mutex<State>

    /// - Parameter firstVersion: where versions begin. The clock's milliseconds by default: a client that saw versions of
    ///   an earlier run is then told that they expired, and never takes an old version for a new one.
    init(firstVersion: UInt64 = UInt64(Date().timeIntervalSince1970 * 1000)) {
        state = Mutex(State(version: firstVersion, floor: firstVersion))
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
            resources.map { state.resources[$0]?.history.last?.object.resourceVersion ?? state.floor }
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
    func insert(_ resource: GroupResource, _ key: ObjectKey, _ make: (UInt64) -> StoredObject) -> Outcome {
        write { state in
            if state.resources[resource]?.objects[key] != nil { return .exists }
            state.version += 1
            let object = make(state.version)
            state.put(resource, object, previous: nil)
            return .done(object)
        }
    }

    /// Replaces an object by one that was made from it.
    func replace(_ resource: GroupResource, _ previous: StoredObject, _ make: (UInt64) -> StoredObject) -> Outcome {
        write { state in
            guard state.resources[resource]?.objects[previous.key] === previous else { return .outdated }
            state.version += 1
            let object = make(state.version)
            state.put(resource, object, previous: previous)
            return .done(object)
        }
    }

    /// Removes an object; what `make` returns is its last state, which watches are told.
    func remove(_ resource: GroupResource, _ previous: StoredObject, _ make: (UInt64) -> StoredObject) -> Outcome {
        write { state in
            guard state.resources[resource]?.objects[previous.key] === previous else { return .outdated }
            state.version += 1
            let object = make(state.version)
            state.drop(resource, object, previous: previous)
            return .done(object)
        }
    }

    private func write(_ body: (inout State) -> Outcome) -> Outcome {
        let (outcome, overrun) = state.withLock { state in
            let outcome = body(&state)
            let overrun = state.overrun
            state.overrun = []
            return (outcome, overrun)
        }
        for watcher in overrun { watcher.continuation.finish() }
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
        publish(resource, StoredEvent(kind: previous == nil ? .added : .modified, object: object, previous: previous))
    }

    mutating func drop(_ resource: GroupResource, _ object: StoredObject, previous: StoredObject) {
        ownershipEdition += 1
        resources[resource]?.objects[previous.key] = nil
        resources[resource]?.removeKey(previous.key)
        publish(resource, StoredEvent(kind: .deleted, object: object, previous: previous))
    }

    private mutating func publish(_ resource: GroupResource, _ event: StoredEvent) {
        resources[resource]?.record(event)
        for (id, watcher) in resources[resource]?.watchers ?? [:] {
            guard let seen = event.seen(through: watcher.selection) else { continue }
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
        if history.count > ClusterStore.historyCapacity, let oldest = history.popFirst() {
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
