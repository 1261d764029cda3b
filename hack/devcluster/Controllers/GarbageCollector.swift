import K8sClient
import Logging
import ServiceLifecycle

/// Deletes what belonged to objects that are gone, and does what the finalizers `foregroundDeletion` and `orphan` ask for.
///
/// It looks at owner references as the store keeps them beside each object, and only when something was deleted, marked for
/// deletion or given an owner since it last looked.
struct GarbageCollector: Service {
    let registry: Registry
    let logger: Logger

    private static let manager = "kube-controller-manager"

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var seen: UInt64 = 0
            while !Task.isCancelled {
                let edition = registry.store.ownershipEdition
                if edition != seen {
                    collect()
                    expireCustomResources()
                    // What the collection itself wrote may call for another one.
                    seen = edition
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
            if item.stored.owners.allSatisfy({ alive[$0] != nil }) { continue }
            attempt(item) { () throws(StatusError) in try release(item) }
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
    private func release(_ item: Item) throws(StatusError) {
        let references = try item.stored.decoded().meta.ownerReferences
        // The resources were listed one after another: an owner made meanwhile was not seen, and is looked up again here.
        let gone = references.filter { !exists($0, for: item) }.compactMap { $0["uid"]?.string }
        if gone.isEmpty { return }
        if gone.count == references.count {
            _ = try registry.delete(
                item.kind, namespace: item.stored.key.namespace, name: item.stored.key.name,
                Deletion(propagation: .background, uid: item.stored.uid))
        } else {
            try removeReferences(to: gone, from: item)
        }
    }

    /// Whether an owner is there: in no namespace or in the dependent's own, under the name and uid that it is known by.
    private func exists(_ reference: JSONValue, for item: Item) -> Bool {
        guard let apiVersion = reference["apiVersion"]?.string, let name = reference["name"]?.string,
            let kind = registry.kinds.kind(apiVersion: apiVersion, kind: reference["kind"]?.string ?? "")
        else { return false }
        let key = registry.key(kind, item.stored.key.namespace, name)
        return registry.store.get(kind.storage, key)?.uid == reference["uid"]?.string
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
            object["metadata", "ownerReferences"] = .nonEmpty(rest)
        }
    }

    private func remove(_ finalizer: String, from item: Item) throws(StatusError) {
        try registry.update(
            item.kind.storage, namespace: item.stored.key.namespace, name: item.stored.key.name, subresource: nil,
            manager: Self.manager
        ) { object in
            let rest = object.meta.finalizers.filter { $0 != finalizer }
            object["metadata", "finalizers"] = .nonEmpty(rest)
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
