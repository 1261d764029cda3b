import DequeModule
import K8sClient
import Logging

/// A watch within the server. A reader that fell too far behind for its stream is brought up to date from the objects as
/// they are, so that it sees every object's newest state and every object's end, whatever it missed between.
actor InProcessWatch {
    private let registry: Registry
    private let resource: GroupResource
    private let selection: Selection
    private var iterator: WatchMessages.Iterator?
    /// What the reader was told and still exists, as references to what the store holds.
    private var known: [ObjectKey: StoredObject] = [:]
    private var pending: Deque<(ClusterEvent.Kind, StoredObject)> = []

    init(registry: Registry, resource: GroupResource, namespace: String?) {
        self.registry = registry
        self.resource = resource
        selection = Selection(namespace: namespace)
    }

    /// The next change; nil once the reader's task is cancelled or the server ends its watches.
    func next() async -> ClusterEvent? {
        while !Task.isCancelled {
            if let (kind, stored) = pending.popFirst() {
                if let event = event(kind, stored) { return event }
                continue
            }
            guard iterator != nil else {
                guard resynchronize() else { return nil }
                continue
            }
            guard let message = await received() else {
                iterator = nil
                if registry.store.isEnding { return nil }
                continue
            }
            if case .event(let event) = message { note(event) }
        }
        return nil
    }

    private func received() async -> WatchMessage? {
        guard var iterator else { return nil }
        let message = await iterator.next(isolation: self)
        self.iterator = iterator
        return message
    }

    private func note(_ event: StoredEvent) {
        switch event.kind {
        case .added:
            known[event.object.key] = event.object
            pending.append((.added, event.object))
        case .modified:
            known[event.object.key] = event.object
            pending.append((.modified, event.object))
        case .deleted:
            known[event.object.key] = nil
            pending.append((.deleted, event.object))
        }
    }

    private func resynchronize() -> Bool {
        let subscription: WatchSubscription
        do {
            subscription = try registry.store.watch(resource, selection, from: .current)
        } catch {
            // Only a version that is too old is refused, and none is asked for.
            registry.logger.error("cannot watch", metadata: ["resource": "\(resource)", "error": "\(error)"])
            return false
        }
        iterator = subscription.messages.makeAsyncIterator()
        var current: [ObjectKey: StoredObject] = [:]
        for object in subscription.initial {
            current[object.key] = object
            if let before = known[object.key], before.uid == object.uid {
                if before.resourceVersion != object.resourceVersion { pending.append((.modified, object)) }
            } else {
                if let before = known[object.key] { pending.append((.deleted, before)) }
                pending.append((.added, object))
            }
        }
        for (key, object) in known where current[key] == nil { pending.append((.deleted, object)) }
        known = current
        return true
    }

    private func event(_ kind: ClusterEvent.Kind, _ stored: StoredObject) -> ClusterEvent? {
        guard let definition = registry.kinds.stored(resource) else { return nil }
        do {
            return ClusterEvent(kind: kind, object: try registry.present(stored, as: definition))
        } catch {
            registry.logger.error("an object cannot be read", metadata: ["error": "\(error.message)"])
            return nil
        }
    }
}
