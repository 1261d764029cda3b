import K8sClient

/// What every manifest of one backend shares: names, labels, owner.
struct ManifestContext {
    let backend: ChatBackend
    let facts: ObservedFacts

    var spec: ChatBackendSpec { backend.spec }

    /// Metadata of an object in the backend's namespace.
    func metadata(
        _ name: String, component: Component = .backend, annotations: [String: String] = [:]
    ) -> JSONValue {
        var metadata: JSONValue = [
            "name": .string(name), "namespace": .string(backend.namespace),
            "labels": JSONValue(labels(component)),
        ]
        set(annotations: annotations, in: &metadata)
        if let owner { metadata["ownerReferences"] = [owner] }
        return metadata
    }

    /// Sets annotations, what `spec.metadata` adds included; the operator's own win.
    func set(annotations: [String: String], in metadata: inout JSONValue) {
        let all = (spec.metadata?.annotations ?? [:]).merging(annotations) { _, own in own }
        if !all.isEmpty { metadata["annotations"] = JSONValue(all) }
    }

    /// The labels of an object, what `spec.metadata` adds included; the operator's own win.
    func labels(_ component: Component) -> [String: String] {
        (spec.metadata?.labels ?? [:]).merging(StandardLabels.all(for: backend, component)) { _, own in own }
    }

    /// The reference that lets the garbage collector delete with the resource; nil before the API server knows it.
    var owner: JSONValue? {
        let uid = backend.metadata.uid
        guard !uid.isEmpty else { return nil }
        return [
            "apiVersion": .string(ChatBackend.apiVersion), "kind": .string(ChatBackend.kind),
            "name": .string(backend.name), "uid": .string(uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }
}
