import K8sClient

/// What is to be done so that the cluster holds what is desired: which manifests to apply, which objects to delete. Pure.
struct ApplyPlan: Sendable, Hashable {
    enum Why: Sendable, Hashable {
        /// It is not there.
        case missing
        /// Another manifest was applied last.
        case changed
        /// Somebody changed or took fields that are ours.
        case drifted
        /// It is as it should be, and somebody asked for it to be applied anew.
        case requested
    }

    struct Step: Sendable, Hashable {
        let manifest: Manifest
        let hash: Digest
        let why: Why
    }

    /// In the order of `desired`.
    let steps: [Step]
    /// What we made before and want no longer, last made first.
    let deletions: [ObjectIdentity]

    /// - Parameters:
    ///   - applied: what was applied before, by the inventory.
    ///   - observe: what the watches show of an object; nil when it is not there.
    ///   - leftovers: objects that carry our labels and fields but that the inventory may have missed.
    ///   - appliesAll: whether what is in order is applied as well.
    init(
        desired: [Manifest], applied: Inventory,
        observe: (ObjectIdentity) -> ObservedObject?, leftovers: [ObjectIdentity],
        appliesAll: Bool = false
    ) {
        var steps: [Step] = []
        var wanted: Set<ObjectIdentity> = []
        for manifest in desired {
            let identity = manifest.identity
            wanted.insert(identity)
            let hash = manifest.hash
            guard let object = observe(identity), !object.isTerminating else {
                steps.append(Step(manifest: manifest, hash: hash, why: .missing))
                continue
            }
            guard let entry = applied[identity], entry.hash == hash else {
                steps.append(Step(manifest: manifest, hash: hash, why: .changed))
                continue
            }
            if entry.fieldsHash != object.fieldsHash {
                steps.append(Step(manifest: manifest, hash: hash, why: .drifted))
            } else if appliesAll {
                steps.append(Step(manifest: manifest, hash: hash, why: .requested))
            }
        }
        self.steps = steps
        deletions = Set(applied.entries.map(\.identity)).union(leftovers).subtracting(wanted)
            // A volume holds data: it goes with its namespace, and never because another database is named.
            .filter { $0.kind != APIResource.persistentVolumeClaims.kind }
            .filter { observe($0).map { !$0.isTerminating } ?? false }
            .sorted { ($0.kind, $0.name) > ($1.kind, $1.name) }
    }
}
