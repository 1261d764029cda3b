import K8sClient

/// What desired state depends on besides the resource itself.
struct ObservedFacts: Sendable, Hashable {
    /// Whether the namespace was there before and stays when the resource goes, instead of being made for it.
    var namespaceIsAdopted = false
    /// Which kinds of other projects the cluster serves (see `OwnedKinds.optional`).
    var servedKinds: Set<APIResource> = []
    /// Of the values of the Secrets that the pods read; nil where they were not read, as for `render`.
    var secretsHash: Digest?
}

/// The objects that a ChatBackend is made of, in the order in which they are applied. Pure: the operator applies them,
/// `render` prints them, tests compare them with golden files.
enum DesiredState {
    static func manifests(for backend: ChatBackend, _ facts: ObservedFacts = ObservedFacts()) -> [Manifest] {
        let context = ManifestContext(backend: backend, facts: facts)
        let configMap = context.configMap()
        return [
            context.namespace(),
            configMap,
            context.secret(),
            context.dataVolume(),
            context.backupVolume(),
            context.postgresService(),
            context.postgres(),
            context.databaseCluster(),
            context.redisService(),
            context.redis(),
            context.service(),
            context.networkPolicy(),
            context.deployment(configHash: Digest(of: configMap.object["data"] ?? [:])),
            context.horizontalPodAutoscaler(),
            context.podDisruptionBudget(),
            context.ingress(),
            context.httpRoute(),
            context.backupCronJob(),
            context.serviceMonitor(),
            context.prometheusRule(),
        ].compactMap { $0 }
    }
    /// What the last backup takes, in the order of applying.
    static func finalBackup(of backend: ChatBackend, _ facts: ObservedFacts = ObservedFacts()) -> [Manifest] {
        let context = ManifestContext(backend: backend, facts: facts)
        return [context.finalBackupVolume(), context.finalBackupJob()]
    }
}
