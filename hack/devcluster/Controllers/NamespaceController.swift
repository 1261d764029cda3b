import FoundationEssentials
import K8sClient
import Logging
import ServiceLifecycle

/// Fills new namespaces with what every namespace has, and empties ending ones.
struct NamespaceController: Service {
    static let manager = "kube-controller-manager"

    let registry: Registry
    /// The certificate that pods check the API server by.
    let authority: String
    let logger: Logger

    private static let namespaces = GroupResource("", "namespaces")

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await follow() }
                group.addTask { await sweep() }
            }
        }
    }

    /// Acts on namespaces as they come and change.
    private func follow() async {
        for await event in registry.watch(Self.namespaces, namespace: nil) where event.kind != .deleted {
            reconcile(event.object)
        }
    }

    /// Looks at ending namespaces again and again: what they wait for is another controller's or a person's finalizer,
    /// of which no event of the namespace tells.
    private func sweep() async {
        while !Task.isCancelled {
            // The only end of this sleep besides its time is the shutdown's cancellation.
            guard (try? await Task.sleep(for: .milliseconds(250))) != nil else { return }
            for stored in registry.store.list(Self.namespaces, Selection()).objects where stored.isBeingDeleted {
                do {
                    reconcile(try registry.get(Self.namespaces, namespace: nil, name: stored.key.name))
                } catch {
                    report(error, stored.key.name)
                }
            }
        }
    }

    private func reconcile(_ namespace: JSONValue) {
        do {
            if namespace.meta.deletionTimestamp == nil {
                try fill(namespace.meta.name)
            } else {
                try empty(namespace)
            }
        } catch {
            report(error, namespace.meta.name)
        }
    }

    private func report(_ error: StatusError, _ namespace: String) {
        // The namespace went away, or began to, while it was worked on.
        if [404, 409, 403].contains(error.code) { return }
        logger.warning(
            "a namespace cannot be brought in order",
            metadata: ["namespace": "\(namespace)", "error": "\(error.message)"])
    }

    private func fill(_ namespace: String) throws(StatusError) {
        try ensure(
            GroupResource("", "serviceaccounts"),
            [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": ["name": "default", "namespace": .string(namespace)],
            ])
        try ensure(
            GroupResource("", "configmaps"),
            [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": [
                    "name": "kube-root-ca.crt", "namespace": .string(namespace),
                    "annotations": [
                        "kubernetes.io/description":
                            "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
                    ],
                ], "data": ["ca.crt": .string(authority)],
            ])
    }

    private func ensure(_ resource: GroupResource, _ object: JSONValue) throws(StatusError) {
        let key = ObjectKey(namespace: object.meta.namespace, name: object.meta.name)
        guard registry.store.get(resource, key) == nil else { return }
        _ = try registry.create(resource, object, manager: Self.manager)
    }

    /// Deletes what is in the namespace; once nothing is left, lets the namespace go.
    private func empty(_ namespace: JSONValue) throws(StatusError) {
        let name = namespace.meta.name
        guard namespace["spec", "finalizers"]?.isEmpty == false else { return }
        var isEmpty = true
        for resource in registry.store.populatedResources {
            guard let kind = registry.kinds.stored(resource), kind.isNamespaced else { continue }
            for stored in registry.store.list(resource, Selection(namespace: name)).objects {
                isEmpty = false
                if stored.isBeingDeleted { continue }
                do {
                    var deletion = Deletion()
                    deletion.propagation = .background
                    _ = try registry.delete(kind, namespace: name, name: stored.key.name, deletion)
                } catch {
                    if error.code != 404 { throw error }
                }
            }
        }
        guard isEmpty || !hasContent(name) else { return }
        try registry.update(
            Self.namespaces, namespace: nil, name: name, subresource: "finalize", manager: Self.manager
        ) { object in
            let rest = (object["spec", "finalizers"]?.array ?? []).filter { $0 != "kubernetes" }
            object["spec", "finalizers"] = .nonEmpty(rest)
        }
    }

    private func hasContent(_ namespace: String) -> Bool {
        registry.store.populatedResources.contains { resource in
            registry.kinds.stored(resource)?.isNamespaced == true
                && registry.store.contains(resource, namespace: namespace)
        }
    }
}
