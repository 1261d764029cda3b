import K8sClient

/// The kinds that the operator makes. What is watched, listed in the ClusterRole and prunable is exactly this.
enum OwnedKinds {
    static let all: [APIResource] = [
        .namespaces, .configMaps, .secrets, .services, .deployments, .ingresses, .cronJobs,
    ]

    static func resource(of identity: ObjectIdentity) -> APIResource? {
        all.first { $0.kind == identity.kind && $0.apiVersion == identity.apiVersion }
    }
}
