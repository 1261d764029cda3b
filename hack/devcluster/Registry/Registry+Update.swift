import K8sClient

extension Registry {
    /// What a change makes of the object that is there.
    struct Proposal {
        var object: JSONValue
        var warnings: [String] = []
        /// The `managedFields` that the change came with, when it is an apply; other writes get theirs from what differs.
        var managedFields: JSONValue?
        var isApply = false
    }

    /// Changes an object, anew as long as other writers come between.
    /// - Parameter propose: makes the new object, decoded, from the one that is there.
    func update(
        _ kind: KindDefinition, namespace: String?, name: String, _ options: WriteOptions,
        _ propose: (JSONValue) throws(StatusError) -> Proposal
    ) throws(StatusError) -> WriteResult {
        for _ in 0..<Self.maximumAttempts {
            let stored = try stored(kind, namespace: namespace, name: name)
            let old = try present(stored, as: kind)
            let proposal = try propose(old)
            let asked = proposal.object.meta
            if !asked.resourceVersion.isEmpty, asked.resourceVersion != old.meta.resourceVersion {
                throw .modified(kind.groupResource, name)
            }
            if !asked.uid.isEmpty, asked.uid != old.meta.uid {
                throw .conflict(
                    kind.groupResource, name,
                    "Precondition failed: UID in precondition: \(asked.uid), UID in object meta: \(old.meta.uid)")
            }
            var new = try next(proposal.object, after: old, kind, name: name, options)
            new["metadata", "managedFields"] =
                proposal.isApply
                ? proposal.managedFields
                : ManagedFields.updated(from: old, to: new, kind.schema, by: options.writer(kind))
            if let result = try write(new, over: stored, old: old, kind, options, proposal) { return result }
        }
        throw .modified(kind.groupResource, name)
    }

    /// Replaces an object by the body of a PUT.
    func replace(
        _ kind: KindDefinition, namespace: String?, name: String, _ body: JSONValue, _ options: WriteOptions
    ) throws(StatusError) -> WriteResult {
        var warnings: [String] = []
        let object = try decode(body, kind, options, &warnings)
        let given = object.meta
        if !given.name.isEmpty, given.name != name {
            throw .badRequest(
                "the name of the object (\(given.name)) does not match the name on the URL (\(name))")
        }
        if given.name.isEmpty {
            throw .badRequest(
                "the name of the object (based on URL) was undeterminable: name must be provided")
        }
        if kind.isNamespaced, !given.namespace.isEmpty, given.namespace != namespace {
            throw .badRequest(
                "the namespace of the object (\(given.namespace)) does not match the namespace on the URL (\(namespace ?? ""))"
            )
        }
        if !kind.allowsUnconditionalUpdate, given.resourceVersion.isEmpty {
            throw .invalid(
                GroupKind(kind.group, kind.resource), name,
                [.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
        }
        let found = warnings
        return try update(kind, namespace: namespace, name: name, options) { _ in
            Proposal(object: object, warnings: found)
        }
    }

    /// The new state in full: what the writer may change from its proposal, the rest from the old state.
    private func next(
        _ proposed: JSONValue, after old: JSONValue, _ kind: KindDefinition, name: String, _ options: WriteOptions
    ) throws(StatusError) -> JSONValue {
        var new = proposed
        switch options.subresource {
        case "status":
            new = old
            new["status"] = proposed["status"]
        case "finalize":
            new = old
            new["spec", "finalizers"] = proposed["spec", "finalizers"]
        default:
            if kind.hasStatus { new["status"] = old["status"] }
            if kind.resource == "namespaces" { new["spec", "finalizers"] = old["spec", "finalizers"] }
            for member in [
                "name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp",
                "deletionGracePeriodSeconds", "selfLink", "generateName", "resourceVersion",
            ] {
                new["metadata", member] = old["metadata", member]
            }
            new["metadata", "managedFields"] = ManagedFields.asked(proposed, after: old)
            for member in ["labels", "annotations", "finalizers", "ownerReferences"]
            where new["metadata", member]?.isEmpty == true {
                new["metadata", member] = nil
            }
        }
        Defaulting.apply(to: &new, kind.schema)
        kind.defaults(&new)
        kind.prepareForUpdate(&new, old)
        try adjust(&new, from: old, kind)
        if kind.countsGenerations, Self.desire(new, kind) != Self.desire(old, kind) {
            new["metadata", "generation"] = JSONValue(old.meta.generation + 1)
        }
        var errors: [FieldError] = []
        MetadataValidation.validate(new, kind, &errors)
        MetadataValidation.validateUpdate(new, old, &errors)
        RequiredFields.validate(new, kind, &errors)
        kind.validateUpdate(new, old, &errors)
        if errors.isEmpty || kind.isBuiltIn { kind.validate(new, &errors) }
        guard errors.isEmpty else { throw .invalid(kind.groupKind, name, errors) }
        return new
    }

    /// What a user asks for: everything but what the server and controllers note down.
    private static func desire(_ object: JSONValue, _ kind: KindDefinition) -> JSONValue {
        var object = object
        object["metadata"] = nil
        if kind.hasStatus { object["status"] = nil }
        return object
    }

    /// Writes the new state; nil when another writer was faster.
    private func write(
        _ new: JSONValue, over stored: StoredObject, old: JSONValue, _ kind: KindDefinition, _ options: WriteOptions,
        _ proposal: Proposal
    ) throws(StatusError) -> WriteResult? {
        if isFinished(new, kind) {
            if options.isDryRun { return WriteResult(object: new, warnings: proposal.warnings) }
            guard try remove(new, stored, kind) else { return nil }
            // The version stays the one that the client knows: the object it describes is gone.
            return WriteResult(object: new, warnings: proposal.warnings)
        }
        if new == old, stored.schemaRevision == kind.schemaRevision {
            return WriteResult(object: old, warnings: proposal.warnings)
        }
        if options.isDryRun { return WriteResult(object: new, warnings: proposal.warnings) }
        let storable = kind.storable(new)
        let fields = kind.fieldValues(storable)
        let outcome = try store.replace(kind.storage, stored) { version in
            StoredObject(storable, resourceVersion: version, fields: fields, schemaRevision: kind.schemaRevision)
        }
        guard case .done(let written) = outcome else { return nil }
        try didWrite(kind, from: old, to: new)
        return WriteResult(object: try present(written, as: kind), warnings: proposal.warnings)
    }
}
