import DequeModule
import Dispatch
import K8sClient
import Synchronization

/// With a log, a change is told to watches and acknowledged only once it is on disk. Changes that are made while a commit
/// runs go into the next one together, so that writers at the same time share its cost.
extension ClusterStore {
    /// What the store knows of its log.
    struct Durability {
        /// Changes that are made and not yet on disk, oldest first.
        var unpublished: Deque<(resource: GroupResource, event: StoredEvent)> = []
        /// Everything up to this version is on disk and was told.
        var version: UInt64
        var isCommitting = false
        /// Why the last commit failed; no change is accepted until one succeeds.
        var failure: String?
        var waiters: [(version: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// How long after a failed commit the next one is tried.
    private static let retryInterval = DispatchTimeInterval.milliseconds(500)

    /// Waits until every change that was made so far is on disk.
    /// - Returns: the reason when that failed.
    func settled() async -> StatusError? {
        guard log != nil else { return nil }
        let version: UInt64? = state.withLock { state in
            guard let durability = state.durability, durability.version < state.version, durability.failure == nil
            else { return nil }
            return state.version
        }
        if let version {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard let durability = state.durability, durability.version < version, durability.failure == nil
                    else { return true }
                    state.durability?.waiters.append((version, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
        return state.withLock { $0.failureOfLog }
    }

    /// Commits what is not on disk yet, on the log's own queue, unless that is under way.
    func scheduleCommit() {
        guard let log else { return }
        let begins = state.withLock { state in
            guard state.durability?.isCommitting == false, state.durability?.unpublished.isEmpty == false else {
                return false
            }
            state.durability?.isCommitting = true
            return true
        }
        if begins { commits.async { self.commitAll(log) } }
    }

    private func commitAll(_ log: any DurableLog) {
        while true {
            let batch = state.withLock { state -> [(resource: GroupResource, event: StoredEvent)] in
                let batch = Array(state.durability?.unpublished ?? [])
                if batch.isEmpty { state.durability?.isCommitting = false }
                return batch
            }
            guard let last = batch.last else { return }
            do {
                try log.commit(batch.map { DurableChange($0.resource, $0.event) })
            } catch {
                fail(log.reason(error))
                // What could not be written stays to be written: it may have been seen.
                commits.asyncAfter(deadline: .now() + Self.retryInterval) { self.commitAll(log) }
                return
            }
            publish(batch.count, through: last.event.object.resourceVersion)
        }
    }

    private func fail(_ reason: String) {
        let waiters = state.withLock { state in
            state.durability?.failure = reason
            let waiters = state.durability?.waiters ?? []
            state.durability?.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    /// Tells watches what is on disk now, then those who wait for it.
    private func publish(_ count: Int, through version: UInt64) {
        let (waiters, overrun) = state.withLock { state in
            for _ in 0..<count {
                guard let (resource, event) = state.durability?.unpublished.popFirst() else { break }
                state.publish(resource, event)
            }
            state.durability?.version = version
            state.durability?.failure = nil
            let waiters = state.durability?.waiters ?? []
            state.durability?.waiters = waiters.filter { $0.version > version }
            return (waiters.filter { $0.version <= version }, state.takeOverrun())
        }
        for waiter in waiters { waiter.continuation.resume() }
        for watcher in overrun { watcher.continuation.finish() }
    }

    /// Puts back what was read from disk, before anything else happens.
    func restore(_ objects: [(GroupResource, StoredObject)]) {
        state.withLock { state in
            for (resource, object) in objects {
                state.resources[resource, default: ResourceState(forgotten: state.floor)].objects[object.key] = object
            }
            for resource in Array(state.resources.keys) {
                let keys = state.resources[resource]?.objects.keys.sorted() ?? []
                state.resources[resource]?.keys = keys
            }
        }
    }
}

extension ClusterStore.State {
    /// The newest version that watches were told.
    var publishedVersion: UInt64 { durability?.version ?? version }

    var failureOfLog: StatusError? {
        durability?.failure.map { .internalError("the cluster's data cannot be written: \($0)") }
    }

    mutating func takeOverrun() -> [Watcher] {
        defer { overrun = [] }
        return overrun
    }
}

extension DurableChange {
    init(_ resource: GroupResource, _ event: StoredEvent) {
        self.init(
            place: Place(resource: resource, key: event.object.key), version: event.object.resourceVersion,
            object: event.kind == .deleted ? nil : event.object)
    }
}
