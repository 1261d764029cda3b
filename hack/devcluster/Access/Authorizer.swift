import K8sClient
import Synchronization

/// Decides about requests by the roles and bindings in the store, compiled anew when one of them changed.
final class Authorizer: Sendable {
    private static let group = "rbac.authorization.k8s.io"
    private static let resources = ["roles", "clusterroles", "rolebindings", "clusterrolebindings"]
        .map { GroupResource(group, $0) }

    private struct Compiled {
        var edition: [UInt64]
        var policy: AccessPolicy
    }

    private let store: ClusterStore
    private let compiled = Mutex<Compiled?>(nil)

    init(store: ClusterStore) {
        self.store = store
    }

    func allows(_ user: User, _ wanted: AccessAttributes) throws(StatusError) -> Bool {
        user.isSuperuser ? true : try policy().allows(user, wanted)
    }

    /// - Throws: 403 in the words of the API server.
    func authorize(_ user: User, _ wanted: AccessAttributes) throws(StatusError) {
        guard try !allows(user, wanted) else { return }
        if let path = wanted.path {
            throw StatusError(
                code: 403, reason: "Forbidden",
                message: "forbidden: User \(quoted(user.name)) cannot \(wanted.verb) path \(quoted(path))", details: [:]
            )
        }
        let scope =
            wanted.namespace.isEmpty ? " at the cluster scope" : " in the namespace \(quoted(wanted.namespace))"
        throw .forbidden(
            GroupResource(wanted.group, wanted.resource), wanted.name,
            "User \(quoted(user.name)) cannot \(wanted.verb) resource \(quoted(wanted.fullResource)) in API group "
                + "\(quoted(wanted.group))\(scope)")
    }

    func policy() throws(StatusError) -> AccessPolicy {
        let edition = store.editions(of: Self.resources)
        if let current = compiled.withLock({ $0 }), current.edition == edition { return current.policy }
        var objects: [[JSONValue]] = []
        for resource in Self.resources {
            var decoded: [JSONValue] = []
            for stored in store.list(resource, Selection()).objects { decoded.append(try stored.decoded()) }
            objects.append(decoded)
        }
        let policy = AccessPolicy(
            roles: objects[0], clusterRoles: objects[1], roleBindings: objects[2], clusterRoleBindings: objects[3])
        compiled.withLock { $0 = Compiled(edition: edition, policy: policy) }
        return policy
    }
}
