import K8sClient

/// What is remembered of the Secrets that a backend's pods read. Values are not among it.
struct KnownSecrets: Sendable {
    var seen: SecretsSeen
    /// Of the specification that named them.
    let generation: Int64?
    let missing: [MissingSecret]
    /// Until when Secrets of others, which no watch shows, are taken to be as they were; nil when there are none.
    let freshUntil: ContinuousClock.Instant?

    /// How long a Secret of others is not looked at again.
    static let patience: Duration = .seconds(20)
    /// The same while one is missing.
    static let patienceWithMissing: Duration = .seconds(4)

    init(
        seen: SecretsSeen, generation: Int64?, missing: [MissingSecret], freshUntil: ContinuousClock.Instant?
    ) {
        self.seen = seen
        self.generation = generation
        self.missing = missing
        self.freshUntil = freshUntil
    }

    /// What the status tells after a restart, when it tells of the same specification and of no Secret but `NAME-secret`.
    init?(_ backend: ChatBackend) {
        guard let seen = backend.status?.secrets, backend.status?.observedGeneration == backend.metadata.generation,
            backend.secretReferences.allSatisfy({ $0.reference.name == backend.objectNames.secret }),
            backend.status?.conditions?.contains(where: { $0.reason == Reason.secretMissing }) != true
        else { return nil }
        self.init(seen: seen, generation: backend.metadata.generation, missing: [], freshUntil: nil)
    }

    /// When to look again though nothing tells of a change; nil for never.
    var recheck: Duration? { freshUntil == nil ? nil : Self.patience + .seconds(1) }

    /// Whether nothing has to be read.
    func stands(for backend: ChatBackend, ownVersion: String?, now: ContinuousClock.Instant) -> Bool {
        guard generation == backend.metadata.generation, let ownVersion, seen.resourceVersion == ownVersion else {
            return false
        }
        return freshUntil.map { now < $0 } ?? true
    }
}

/// A key of a Secret that is not there.
struct MissingSecret: Sendable, Hashable {
    let variable: String
    let reference: SecretKeyReference
    /// Whether the Secret is there, without the key.
    let isKeyAlone: Bool
    /// Whether another operator makes it.
    let isAwaited: Bool

    /// One sentence that says what to do.
    func message(namespace: String) -> String {
        let (name, key) = (reference.name, reference.key)
        if isKeyAlone {
            return "The Secret \(name) has no key \(key), which holds \(variable): run `kubectl patch secret \(name) "
                + "--namespace \(namespace) --type=merge -p '{\"stringData\":{\"\(key)\":\"VALUE\"}}'`."
        }
        return "The Secret \(name) with \(variable) is missing: run `kubectl create secret generic \(name) "
            + "--namespace \(namespace) --from-literal=\(key)=VALUE`."
    }
}
