import K8sClient

/// Where SQLite's file is in the pods.
enum SQLiteVolume {
    static let directory = "/data"
    static let file = directory + "/chatgpt_backend.db"
    /// The group of the backend's image, which the volume is given to.
    static let group: Int64 = 65532
}

extension ManifestContext {
    /// The volume that SQLite's file is on.
    func dataVolume() -> Manifest? {
        guard case .sqlite(let database) = spec.databaseChoice else { return nil }
        return Manifest(
            .persistentVolumeClaims,
            [
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": metadata(backend.objectNames.dataVolume, component: .database),
                "spec": claimSpec(database.storage),
            ])
    }

    /// The spec of a claim that one pod at a time mounts.
    func claimSpec(_ storage: Storage) -> JSONValue {
        var claim: JSONValue = [
            "accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": .string(storage.size)]],
        ]
        if let name = storage.storageClassName { claim["storageClassName"] = .string(name) }
        return claim
    }
}
