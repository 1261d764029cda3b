import DequeModule
import Synchronization

extension ClusterStore {
    /// From where a watch is to tell changes.
    enum WatchStart: Sendable, Hashable {
        /// The objects as they are, then every change.
        case current
        /// Every change after a version that the client saw.
        case after(UInt64)
    }

    /// Begins a watch.
    /// - Throws: 410 when the changes since the version are no longer kept.
    func watch(
        _ resource: GroupResource, _ selection: Selection, from start: WatchStart,
        deadline: ContinuousClock.Instant? = nil
    ) throws(StatusError) -> WatchSubscription {
        let (messages, continuation) = AsyncStream.makeStream(
            of: WatchMessage.self, bufferingPolicy: .bufferingOldest(Watcher.capacity))
        let watcher = Watcher(selection: selection, deadline: deadline, continuation: continuation)
        let (subscription, id) = try state.withLock { state throws(StatusError) in
            try state.subscribe(resource, watcher, from: start, messages)
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in _ = state.resources[resource]?.watchers.removeValue(forKey: id) }
        }
        return subscription
    }

    /// Ends the watches whose time is over.
    func endOverdueWatches(now: ContinuousClock.Instant = .now) {
        finishWatchers { $0.deadline.map { $0 <= now } ?? false }
    }

    /// Tells every watch the current version, so that a client that resumes need not repeat what did not concern it.
    func publishBookmarks() {
        state.withLock { state in
            for resource in state.resources.values {
                // A reader too slow for a bookmark can do without it.
                for watcher in resource.watchers.values {
                    _ = watcher.tell(.bookmark(max(state.publishedVersion, watcher.after)))
                }
            }
        }
    }

    /// Ends every watch of a resource that is no longer served.
    func endWatches(of resource: GroupResource) {
        let ended = state.withLock { state in
            let watchers = state.resources[resource].map { Array($0.watchers.values) } ?? []
            state.resources[resource]?.watchers = [:]
            return watchers
        }
        for watcher in ended { watcher.continuation.finish() }
    }

    /// Ends every watch and begins no more: the server is going down.
    func endAllWatches() {
        state.withLock { $0.isEnding = true }
        finishWatchers { _ in true }
    }

    /// Finishing happens outside the lock, which a watch's termination takes itself.
    private func finishWatchers(_ isOver: (Watcher) -> Bool) {
        var ended: [Watcher] = []
        state.withLock { state in
            for resource in Array(state.resources.keys) {
                for (id, watcher) in state.resources[resource]?.watchers ?? [:] where isOver(watcher) {
                    state.resources[resource]?.watchers[id] = nil
                    ended.append(watcher)
                }
            }
        }
        for watcher in ended { watcher.continuation.finish() }
    }
}

extension ClusterStore.State {
    fileprivate mutating func subscribe(
        _ resource: GroupResource, _ watcher: Watcher, from start: ClusterStore.WatchStart,
        _ messages: AsyncStream<WatchMessage>
    ) throws(StatusError) -> (WatchSubscription, UInt64) {
        if resources[resource] == nil { resources[resource] = ClusterStore.ResourceState(forgotten: floor) }
        var watcher = watcher
        var initial: [StoredObject] = []
        switch start {
        case .current:
            watcher.after = version
            initial = snapshot(resource, watcher.selection).filter { $0.matches(watcher.selection) }
        case .after(let seen):
            let oldest = resources[resource]?.forgotten ?? floor
            // A version from the future is one of another server, whose clients must list again just as well.
            guard seen >= oldest, seen <= version else {
                throw .expired("too old resource version: \(seen) (\(oldest))")
            }
            watcher.after = seen
            for event in resources[resource]?.history ?? [] where event.object.resourceVersion > seen {
                guard let visible = event.seen(through: watcher.selection), !watcher.tell(.event(visible)) else {
                    continue
                }
                throw .expired("too old resource version: \(seen) (\(version))")
            }
        }
        nextWatcher += 1
        if isEnding {
            watcher.continuation.finish()
        } else {
            resources[resource]?.watchers[nextWatcher] = watcher
        }
        let continuation = watcher.continuation
        let subscription = WatchSubscription(
            resourceVersion: version, initial: initial,
            messages: WatchMessages(stream: messages, backlog: watcher.backlog),
            stop: { continuation.finish() })
        return (subscription, nextWatcher)
    }
}
