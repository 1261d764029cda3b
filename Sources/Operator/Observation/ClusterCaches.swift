import K8sClient
import ServiceLifecycle

/// What the operator knows of the cluster without asking: the backends in full, what was made for them as metadata, of
/// Deployments the few fields that tell how far they are.
final class ClusterCaches: Sendable {
    private let backends: Informer<ChatBackend>
    private let owned: [APIResource: Informer<ObservedObject>]
    private let optional: OptionalKinds
    private let index = BackendIndex()
    private let hosts = HostIndex()

    /// - Parameters:
    ///   - onChange: Called with a backend's name when it or an object of its namespace changed.
    ///   - onError: Called when a kind could not be listed or watched; it is tried again.
    init(
        client: KubernetesClient, onChange: @escaping @Sendable (String, BackendChange) -> Void,
        onError: @escaping @Sendable (APIResource, KubernetesError) -> Void
    ) {
        let index = index
        let options = ListOptions(labelSelector: StandardLabels.selector)
        let reader = BackendReader()
        backends = Informer(client, ChatBackend.resource, selecting: ChatBackend.selection) {
            value throws(JSONDecodingError) in try reader.read(value)
        }
        let changed: @Sendable (ObjectKey) -> Void = { key in
            // A namespace's own event names it; any other object's names the namespace that it is in.
            for backend in index.backends(in: key.namespace ?? key.name) { onChange(backend, .observation) }
        }
        let watch: @Sendable (APIResource) -> Informer<ObservedObject> = { resource in
            let informer =
                resource == .deployments
                ? Informer(client, resource, options, selecting: ObservedObject.deploymentSelection) {
                    ObservedObject($0, rollout: DeploymentRollout($0))
                }
                : Informer(client, resource, options, selecting: ObservedObject.selection) { ObservedObject($0) }
            informer.onChange(changed)
            informer.onError { onError(resource, $0) }
            return informer
        }
        owned = Dictionary(uniqueKeysWithValues: OwnedKinds.builtIn.map { ($0, watch($0)) })
        optional = OptionalKinds(
            client: client, start: watch,
            onServed: { for backend in index.all { onChange(backend, .observation) } },
            onError: { onError(.customResourceDefinitions, $0) })
        backends.onChange { [backends, hosts] key in
            let backend = backends.store[key]
            let others = hosts.update(key.name, backend)
            onChange(key.name, index.update(key.name, backend))
            for other in others { onChange(other, .specification) }
        }
        backends.onError { onError(ChatBackend.resource, $0) }
    }

    var services: [any Service] { [backends, optional] + Array(owned.values) }

    /// Returns when every first list is in.
    func synced() async {
        await backends.synced()
        for informer in owned.values { await informer.synced() }
        await optional.synced()
    }

    /// The kinds of other projects that can be made here.
    var servedKinds: Set<APIResource> { optional.served }

    /// Whether every watch has had its first list.
    var isSynced: Bool { backends.hasSynced && owned.values.allSatisfy(\.hasSynced) }

    func backend(_ name: String) -> ChatBackend? {
        backends.store[ObjectKey(namespace: nil, name: name)]
    }

    /// The host that keeps a backend from being made, when an older one has it.
    func hostConflict(of name: String) -> HostConflict? { hosts.conflict(of: name) }

    var backendCount: Int { backends.store.count }

    /// How many backends have a condition that is True.
    func backendCount(withTrue type: String) -> Int {
        backends.store.all.count { backend in
            backend.status?.conditions?.contains { $0.type == type && $0.status == .true } ?? false
        }
    }

    /// What the watches show of an object; nil when it is not there, or not labelled as ours.
    func object(_ identity: ObjectIdentity) -> ObservedObject? {
        let key = ObjectKey(namespace: identity.namespace, name: identity.name)
        guard let resource = OwnedKinds.resource(of: identity) else { return nil }
        return owned[resource].map { $0.store[key] } ?? optional.object(resource, key)
    }

    /// The objects there that a backend may have been given and that we applied, whether or not it still wants them.
    func objects(of backend: ChatBackend) -> [ObjectIdentity] {
        backend.possibleObjects.filter { identity in
            object(identity).map { $0.backend == backend.name && $0.fieldsHash != nil } ?? false
        }
    }
}
