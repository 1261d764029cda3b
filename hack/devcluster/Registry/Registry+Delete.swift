import K8sClient

extension Registry {
    /// What a deletion answers.
    enum DeleteResult: Sendable {
        /// The object is gone.
        case removed(JSONValue)
        /// The object stays until its finalizers or its grace period let it go.
        case marked(JSONValue)
    }

    /// Deletes an object, or marks it for deletion when something still has to happen first.
    func delete(
        _ kind: KindDefinition, namespace: String?, name: String, _ deletion: Deletion, resourceVersion: String? = nil,
        isDryRun: Bool = false
    ) throws(StatusError) -> DeleteResult {
        for _ in 0..<Self.maximumAttempts {
            let stored = try stored(kind, namespace: namespace, name: name)
            let old = try present(stored, as: kind)
            if let uid = deletion.uid, uid != old.meta.uid {
                throw .preconditionFailed(
                    kind.groupKind, name,
                    "the UID in the precondition (\(uid)) does not match the UID in record (\(old.meta.uid)). The object "
                        + "might have been deleted and then recreated")
            }
            if let resourceVersion, resourceVersion != old.meta.resourceVersion {
                throw .preconditionFailed(
                    kind.groupKind, name,
                    "the ResourceVersion in the precondition (\(resourceVersion)) does not match the ResourceVersion in "
                        + "record (\(old.meta.resourceVersion)). The object might have been modified")
            }
            let new = marked(old, kind, deletion)
            if isFinished(new, kind) {
                if isDryRun { return .removed(old) }
                if try remove(new, stored, kind) { return .removed(old) }
                continue
            }
            if new == old || isDryRun { return .marked(new) }
            let storable = kind.storable(new)
            let fields = kind.fieldValues(storable)
            let outcome = try store.replace(kind.storage, stored) { version in
                StoredObject(storable, resourceVersion: version, fields: fields, schemaRevision: kind.schemaRevision)
            }
            if case .done(let written) = outcome { return .marked(try present(written, as: kind)) }
        }
        throw .modified(kind.groupResource, name)
    }

    /// Whether nothing keeps an object that is to be deleted.
    func isFinished(_ object: JSONValue, _ kind: KindDefinition) -> Bool {
        let meta = object.meta
        guard meta.deletionTimestamp != nil, meta.finalizers.isEmpty else { return false }
        if kind.resource == "namespaces", object["spec", "finalizers"]?.isEmpty == false { return false }
        return meta.deletionGracePeriodSeconds ?? 0 == 0
    }

    /// Takes a finished object out of the store; false when another writer was faster.
    func remove(_ object: JSONValue, _ stored: StoredObject, _ kind: KindDefinition) throws(StatusError) -> Bool {
        let storable = kind.storable(object)
        let outcome = try store.remove(kind.storage, stored) { version in
            StoredObject(
                storable, resourceVersion: version, fields: stored.fields, schemaRevision: kind.schemaRevision)
        }
        guard case .done = outcome else { return false }
        release(object, kind)
        try didWrite(kind, from: object, to: nil)
        return true
    }

    private func marked(_ old: JSONValue, _ kind: KindDefinition, _ deletion: Deletion) -> JSONValue {
        var new = old
        let grace = gracePeriod(old, kind, deletion)
        if let current = old.meta.deletionGracePeriodSeconds, old.meta.deletionTimestamp != nil {
            // A second deletion may only hasten the first.
            if grace < current { mark(&new, grace: grace) }
        } else {
            mark(&new, grace: grace)
            if kind.countsGenerations { new["metadata", "generation"] = JSONValue(old.meta.generation + 1) }
        }
        var finalizers = old.meta.finalizers.filter { !$0.isPropagation || deletion.propagation == nil }
        switch deletion.propagation {
        case .foreground: finalizers.append(PropagationFinalizer.foreground)
        case .orphan: finalizers.append(PropagationFinalizer.orphan)
        case .background, nil: break
        }
        new["metadata", "finalizers"] = JSONValue.nonEmpty(finalizers)
        if kind.resource == "namespaces" { new["status", "phase"] = "Terminating" }
        if kind.resource == "customresourcedefinitions", old.meta.deletionTimestamp == nil,
            !finalizers.contains(PropagationFinalizer.customResources)
        {
            new["metadata", "finalizers"] = JSONValue(finalizers + [PropagationFinalizer.customResources])
        }
        return new
    }

    private func mark(_ object: inout JSONValue, grace: Int) {
        if object.meta.deletionTimestamp == nil || grace > 0 {
            object["metadata", "deletionTimestamp"] = .string(Timestamp.now(plus: grace))
        }
        object["metadata", "deletionGracePeriodSeconds"] = JSONValue(grace)
    }

    /// Only pods have time to end; one that no node runs has nothing to end.
    private func gracePeriod(_ old: JSONValue, _ kind: KindDefinition, _ deletion: Deletion) -> Int {
        guard kind.resource == "pods", kind.group.isEmpty else { return 0 }
        if old["spec", "nodeName"]?.string?.isEmpty ?? true { return 0 }
        if ["Succeeded", "Failed"].contains(old["status", "phase"]?.string) { return 0 }
        let own = old["spec", "terminationGracePeriodSeconds"]?.int ?? 30
        return max(0, deletion.gracePeriodSeconds ?? own)
    }
}

/// Finalizers that the server's own controllers act on.
enum PropagationFinalizer {
    static let foreground = "foregroundDeletion"
    static let orphan = "orphan"
    static let customResources = "customresourcecleanup.apiextensions.k8s.io"
}

extension String {
    fileprivate var isPropagation: Bool {
        self == PropagationFinalizer.foreground || self == PropagationFinalizer.orphan
    }
}
