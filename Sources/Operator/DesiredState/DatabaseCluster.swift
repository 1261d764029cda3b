import K8sClient

extension ManifestContext {
    /// CloudNativePG's Cluster, where the cluster has that kind.
    func databaseCluster() -> Manifest? {
        guard let database = spec.database?.cloudNativePG, facts.servedKinds.contains(.cloudNativePGClusters) else {
            return nil
        }
        var storage: JSONValue = ["size": .string(database.storage.size)]
        if let name = database.storage.storageClassName { storage["storageClass"] = .string(name) }
        var clusterSpec: JSONValue = [
            "instances": JSONValue(database.instances), "storage": storage,
            "bootstrap": [
                "initdb": ["database": .string(PostgresServer.database), "owner": .string(PostgresServer.database)]
            ],
        ]
        if let parameters = database.parameters, !parameters.isEmpty {
            clusterSpec["postgresql"] = ["parameters": JSONValue(parameters)]
        }
        return Manifest(
            .cloudNativePGClusters,
            [
                "apiVersion": .string(APIResource.cloudNativePGClusters.apiVersion), "kind": "Cluster",
                "metadata": metadata(backend.objectNames.databaseCluster, component: .database),
                "spec": clusterSpec,
            ])
    }
}
