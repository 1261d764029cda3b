import K8sClient

/// Gives a Deployment's `replicas` to an autoscaler without a change of their number.
///
/// A field that its only owner leaves out of the next apply is removed, and the API server then defaults it: to one pod. So another
/// field manager applies the number that there is, and nothing else, before the operator leaves it out; the autoscaler takes it over
/// from that manager with its first change. It is the way that Kubernetes' documentation of server-side apply shows.
struct ReplicasHandover: Sendable, Hashable {
    let replicas: Int
    /// Whether the number differs from the one there is.
    let isForced: Bool

    /// nil when there is nothing to hand over: the manifest still has the number, or the operator did not set it.
    /// - Parameter minimum: of the autoscaler, which does not act on a Deployment that is scaled to zero.
    init?(_ manifest: Manifest, rollout: DeploymentRollout?, minimum: Int?) {
        guard manifest.resource == .deployments, manifest.object["spec", "replicas"] == nil, let minimum,
            let rollout, rollout.ownsReplicas
        else { return nil }
        isForced = rollout.desired == 0
        replicas = isForced ? minimum : rollout.desired
    }

    /// What the other manager applies.
    func object(_ identity: ObjectIdentity) -> JSONValue {
        [
            "apiVersion": .string(identity.apiVersion), "kind": .string(identity.kind),
            "metadata": ["name": .string(identity.name), "namespace": .string(identity.namespace ?? "")],
            "spec": ["replicas": JSONValue(replicas)],
        ]
    }
}

extension Reconciler {
    /// Hands the number of pods over where the next apply would give it up.
    func handOverReplicas(_ manifest: Manifest, of backend: ChatBackend) async throws(KubernetesError) {
        let identity = manifest.identity
        guard
            let handover = ReplicasHandover(
                manifest, rollout: caches.object(identity)?.rollout, minimum: backend.spec.autoscaling?.minReplicas)
        else { return }
        // Not by force: a number that changed meanwhile is a conflict, and the next try knows the new one.
        _ = try await client.apply(
            manifest.resource, handover.object(identity),
            ApplyOptions(fieldManager: FieldManager.handover, force: handover.isForced),
            selecting: ObservedObject.selection)
    }
}
