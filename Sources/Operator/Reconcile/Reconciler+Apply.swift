import K8sClient
import Logging

extension Reconciler {
    static let finalizer = "chatbackend.io/finalizer"

    /// Puts the finalizer on, so that nothing made afterwards outlives the resource unnoticed.
    func addFinalizer(_ backend: ChatBackend, _ record: inout BackendRecord) async throws(Interruption) {
        guard !record.hasFinalizer, !backend.metadata.finalizers.contains(Self.finalizer) else { return }
        do {
            try await patchFinalizers(backend, backend.metadata.finalizers + [Self.finalizer])
        } catch {
            throw Interruption(error, writing: "the finalizer")
        }
        record.hasFinalizer = true
    }

    /// - Throws: A conflict when the resource changed meanwhile: its new version comes with its own run.
    func patchFinalizers(_ backend: ChatBackend, _ finalizers: [String]) async throws(KubernetesError) {
        var metadata: JSONValue = ["finalizers": JSONValue(finalizers)]
        metadata["resourceVersion"] = .string(backend.metadata.resourceVersion)
        _ = try await client.patch(
            ChatBackend.resource, backend.name, .merge(["metadata": metadata]),
            WriteOptions(fieldManager: FieldManager.name), as: PartialObjectMetadata.self)
    }

    /// Applies what differs from what is desired and deletes what is desired no longer. What runs the backend's image is held
    /// back while a Secret is missing: pods that run now are worth more than new ones that cannot start.
    func apply(
        _ facts: ObservedFacts, _ secrets: PreparedSecrets, to backend: ChatBackend, _ record: inout BackendRecord
    ) async throws(Interruption) {
        record.dropSeen { caches.object($0) }
        let leftovers = caches.objects(of: backend)
        let state = ConvergedState(generation: backend.metadata.generation, facts: facts)
        let isRequested = record.isReconcileRequested(backend)
        if record.converged == state, !isRequested, record.isIntact(leftovers: leftovers, { caches.object($0) }) {
            return
        }

        record.converged = nil
        let plan = ApplyPlan(
            desired: DesiredState.manifests(for: backend, facts), applied: record.applied,
            observe: { record.unseen[$0]?.object ?? caches.object($0) }, leftovers: leftovers,
            appliesAll: isRequested)
        let names = backend.objectNames
        for step in plan.steps {
            let identity = step.manifest.identity
            let needsSecrets =
                [names.deployment, names.backupCronJob].contains(identity.name)
                && [APIResource.deployments.kind, APIResource.cronJobs.kind].contains(identity.kind)
            if needsSecrets, !secrets.missing.isEmpty { continue }
            try await apply(step, secrets, of: backend, &record)
        }
        let keepsVolumes = backend.spec.deletionPolicy == .retain
        for identity in plan.deletions
        where !(keepsVolumes && identity.kind == APIResource.persistentVolumeClaims.kind) {
            try await delete(identity, of: backend, &record)
        }
        for identity in record.applied.entries.map(\.identity)
        where caches.object(identity) == nil && record.unseen[identity] == nil {
            record.applied[identity] = nil
        }
        if secrets.missing.isEmpty { record.converged = state }
        record.handledReconcileAt = backend.reconcileRequest
    }

    private func apply(
        _ step: ApplyPlan.Step, _ secrets: PreparedSecrets, of backend: ChatBackend, _ record: inout BackendRecord
    ) async throws(Interruption) {
        let identity = step.manifest.identity
        let answer: JSONValue
        do {
            let object = try await withMadeKeys(step.manifest, secrets, backend)
            if step.why != .missing { try await handOverReplicas(step.manifest, of: backend) }
            answer = try await client.apply(
                step.manifest.resource, object,
                ApplyOptions(fieldManager: FieldManager.name, force: true), selecting: ObservedObject.selection)
        } catch {
            throw Interruption(error, writing: "\(identity)")
        }
        let object = ObservedObject(answer)
        record.applied[identity] = InventoryEntry(
            identity, hash: step.hash, fieldsHash: object.fieldsHash ?? .none)
        record.unseen[identity] = UnseenWrite(object: object, believedUntil: .now + UnseenWrite.patience)
        if record.isNamespaceNew, identity == backend.secretIdentity {
            record.secrets?.seen.resourceVersion = object.resourceVersion
        }
        switch step.why {
        case .missing: record.untold.created.append("\(identity)")
        case .changed, .drifted, .requested: record.untold.updated.append("\(identity)")
        }
        logger.debug(
            "applied", metadata: ["backend": "\(backend.name)", "object": "\(identity)", "why": "\(step.why)"])
    }

    /// The manifest with the values that the operator makes: those that were found or made at the beginning of the run.
    private func withMadeKeys(
        _ manifest: Manifest, _ secrets: PreparedSecrets, _ backend: ChatBackend
    ) async throws(KubernetesError) -> JSONValue {
        guard !manifest.generatedKeys.isEmpty || !manifest.composedKeys.isEmpty else { return manifest.object }
        var values = secrets.own
        if values == nil { values = try await ownSecret(of: backend, mayExist: true).values }
        var object = manifest.object
        for key in manifest.generatedKeys + manifest.composedKeys.map(\.key) {
            guard let value = values?[key] else { continue }
            object["data", key] = .string(SecretText.base64(value))
        }
        return object
    }

    private func delete(
        _ identity: ObjectIdentity, of backend: ChatBackend, _ record: inout BackendRecord
    ) async throws(Interruption) {
        guard let resource = OwnedKinds.resource(of: identity), let object = caches.object(identity) else { return }
        do {
            try await client.deleteIfPresent(
                resource, identity.name, namespace: identity.namespace,
                DeleteOptions(propagationPolicy: .background, preconditions: .init(uid: object.uid.description)))
        } catch {
            throw Interruption(error, writing: "\(identity)")
        }
        record.applied[identity] = nil
        record.unseen[identity] = nil
        record.untold.deleted.append("\(identity)")
        logger.debug("pruned", metadata: ["backend": "\(backend.name)", "object": "\(identity)"])
    }
}
