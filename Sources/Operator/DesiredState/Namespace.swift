import K8sClient

extension ManifestContext {
    /// The backend's namespace. An adopted one gets the labels that mark it as taken and no owner, so that it outlives
    /// the backend.
    func namespace() -> Manifest {
        var metadata: JSONValue = ["name": .string(backend.namespace)]
        if facts.namespaceIsAdopted {
            metadata["labels"] = JSONValue([
                StandardLabels.managedBy: StandardLabels.operatorName, StandardLabels.instance: backend.name,
            ])
        } else {
            // Its pods pass this standard; whoever adds others to an adopted namespace decides for themselves.
            metadata["labels"] = JSONValue(
                labels(.backend).merging(["pod-security.kubernetes.io/enforce": "restricted"]) { _, own in own })
            set(annotations: [:], in: &metadata)
            if let owner { metadata["ownerReferences"] = [owner] }
        }
        return Manifest(.namespaces, ["apiVersion": "v1", "kind": "Namespace", "metadata": metadata])
    }
}
