import K8sClient

extension ManifestContext {
    /// The Secret that the operator shares with whoever writes the other keys (`OPENAI_API_KEY`, for one): server-side
    /// apply leaves what it does not name.
    func secret() -> Manifest {
        Manifest(
            .secrets,
            [
                "apiVersion": "v1", "kind": "Secret", "metadata": metadata(backend.objectNames.secret),
                "type": "Opaque",
            ],
            generatedKeys: spec.auth?.secretKeySecretRef == nil ? ["SECRET_KEY"] : [])
    }
}
