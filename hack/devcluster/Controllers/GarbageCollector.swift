import K8sClient
import Logging
import ServiceLifecycle

/// Deletes what belonged to objects that are gone, and does what the finalizers `foregroundDeletion` and `orphan` ask for.
///
/// It looks at owner references as the store keeps them beside each object, and only when something was deleted or marked
/// for deletion since it last looked.
struct GarbageCollector: Service {
    let registry: Registry
    let logger: Logger

    private static let manager = "kube-controller-manager"

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var seen: UInt64 = 0
            while !Task.isCancelled {
                let version = registry.store.version
                if version != seen {
                    collect()
                    expireCustomResources()
                    // What the collection itself wrote may call for another one.
                    seen = version
                }
                // The only end of this sleep besides its time is the shutdown's cancellation.
                guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return }
            }
        }
    }

    private struct Item {
        var kind: KindDefinition
        var stored: StoredObject
    }

    func collect() {
        var items: [Item] = []
        for resource in registry.store.populatedResources {
            guard let kind = registry.kinds.stored(resource) else { continue }
            for stored in registry.store.list(resource, Selection()).objects {
                items.append(Item(kind: kind, stored: stored))
            }
        }
        var alive: [String: Item] = [:]
        for item in items { alive[item.stored.uid] = item }
        var dependents: [String: [Item]] = [:]
        for item in items {
            for owner in item.stored.owners { dependents[owner, default: []].append(item) }
        }
        for item in items where item.stored.isBeingDeleted {
            attempt(item) { () throws(StatusError) in
                try finishDeletion(of: item, dependents[item.stored.uid] ?? [])
            }
        }
        for item in items where !item.stored.owners.isEmpty && !item.stored.isBeingDeleted {
            let gone = item.stored.owners.filter { alive[$0] == nil }
            if gone.isEmpty { continue }
            attempt(item) { () throws(StatusError) in try release(item, from: gone, alive: alive.mapValues(\.stored)) }
        }
    }

    private func attempt(_ item: Item, _ body: () throws(StatusError) -> Void) {
        do {
            try body()
        } catch {
            // It changed or went while it was looked at; the next look sees how.
            if [404, 409].contains(error.code) { return }
            logger.warning(
                "garbage collection failed",
                metadata: [
                    "resource": "\(item.kind.groupResource)", "name": "\(item.stored.key.name)",
                    "error": "\(error.message)",
                ])
        }
    }

    /// Deletes an object whose owners are all gone, and takes the references to those that are gone out of one that still
    /// has another.
    private func release(_ item: Item, from gone: [String], alive: [String: StoredObject]) throws(StatusError) {
        let object = try item.stored.decoded()
        // An owner that was never there, or lies in another namespace, is no owner.
        let remaining = object.meta.ownerReferences.filter { reference in
            guard let owner = alive[reference["uid"]?.string ?? ""] else { return false }
            return owner.key.namespace.isEmpty || owner.key.namespace == item.stored.key.namespace
        }
        if remaining.isEmpty {
            var deletion = Deletion(propagation: .background, uid: item.stored.uid)
            deletion.gracePeriodSeconds = nil
            _ = try registry.delete(
                item.kind, namespace: item.stored.key.namespace, name: item.stored.key.name, deletion)
        } else {
            try removeReferences(to: gone, from: item)
        }
    }

    private func finishDeletion(of item: Item, _ dependents: [Item]) throws(StatusError) {
        let object = try item.stored.decoded()
        let finalizers = object.meta.finalizers
        if finalizers.contains(PropagationFinalizer.orphan) {
            for dependent in dependents { try removeReferences(to: [item.stored.uid], from: dependent) }
            try remove(PropagationFinalizer.orphan, from: item)
        }
        guard finalizers.contains(PropagationFinalizer.foreground) else { return }
        var isBlocked = false
        for dependent in dependents {
            let references = try dependent.stored.decoded().meta.ownerReferences
            let blocks = references.contains {
                $0["uid"]?.string == item.stored.uid && $0["blockOwnerDeletion"]?.bool == true
            }
            isBlocked = isBlocked || blocks
            if dependent.stored.isBeingDeleted { continue }
            _ = try registry.delete(
                dependent.kind, namespace: dependent.stored.key.namespace, name: dependent.stored.key.name,
                Deletion(propagation: blocks ? .foreground : .background, uid: dependent.stored.uid))
        }
        if !isBlocked { try remove(PropagationFinalizer.foreground, from: item) }
    }

    private func removeReferences(to owners: [String], from item: Item) throws(StatusError) {
        try registry.update(
            item.kind.storage, namespace: item.stored.key.namespace, name: item.stored.key.name, subresource: nil,
            manager: Self.manager
        ) { object in
            let rest = object.meta.ownerReferences.filter { !owners.contains($0["uid"]?.string ?? "") }
            object["metadata", "ownerReferences"] = rest.isEmpty ? nil : .array(rest)
        }
    }

    private func remove(_ finalizer: String, from item: Item) throws(StatusError) {
        try registry.update(
            item.kind.storage, namespace: item.stored.key.namespace, name: item.stored.key.name, subresource: nil,
            manager: Self.manager
        ) { object in
            let rest = object.meta.finalizers.filter { $0 != finalizer }
            object["metadata", "finalizers"] = rest.isEmpty ? nil : JSONValue(rest)
        }
    }

    // MARK: Custom resources of ending definitions

    private func expireCustomResources() {
        for stored in registry.store.list(Registry.definitions, Selection()).objects where stored.isBeingDeleted {
            guard let kind = registry.kinds.stored(Registry.definitions) else { continue }
            let item = Item(kind: kind, stored: stored)
            attempt(item) { () throws(StatusError) in
                let definition = CustomResourceDefinition(try stored.decoded())
                let resource = definition.resource
                let objects = registry.store.list(resource, Selection()).objects
                for object in objects where !object.isBeingDeleted {
                    guard let kind = registry.kinds.stored(resource) else { break }
                    _ = try registry.delete(
                        kind, namespace: object.key.namespace, name: object.key.name, Deletion())
                }
                if registry.store.list(resource, Selection()).objects.isEmpty {
                    try remove(PropagationFinalizer.customResources, from: item)
                }
            }
        }
    }
}
