import K8sClient

extension Admission {
    /// The refusal that database, cache and connection budget call for.
    static func checkDatabase(_ spec: ChatBackendSpec) -> Refusal? {
        let database = spec.database
        let databases = [
            database?.managed != nil, database?.external != nil, database?.sqlite != nil,
            database?.cloudNativePG != nil,
        ].count { $0 }
        if databases > 1 {
            return Refusal(
                reason: Reason.databaseInvalid,
                message: "spec.database names \(databases) databases: leave one of managed, external, sqlite and "
                    + "cloudNativePG.")
        }
        let caches = [spec.cache?.managed != nil, spec.cache?.external != nil, spec.cache?.none != nil].count { $0 }
        if caches > 1 {
            return Refusal(
                reason: Reason.cacheInvalid,
                message: "spec.cache names \(caches) caches: leave one of managed, external and none.")
        }
        if spec.usesSQLite, spec.maximumReplicas > 1 {
            return Refusal(
                reason: Reason.databaseInvalid,
                message:
                    "SQLite serves one pod and spec.replicas is \(spec.maximumReplicas): set spec.replicas to 1, or "
                    + "name another database in spec.database.")
        }
        if spec.usesSQLite, database?.pool != nil {
            return Refusal(
                reason: Reason.databaseInvalid,
                message: "spec.database.pool is for PostgreSQL and the database is SQLite: remove it, or name another "
                    + "database.")
        }
        return checkBudget(spec)
    }

    private static func checkBudget(_ spec: ChatBackendSpec) -> Refusal? {
        if let text = spec.database?.managed?.parameters?["max_connections"]
            ?? spec.database?.cloudNativePG?.parameters?["max_connections"], Int(text) == nil
        {
            return Refusal(
                reason: Reason.databaseInvalid,
                message: "The parameter max_connections is \"\(text)\": give it a whole number.")
        }
        guard let budget = spec.connectionBudget else { return nil }
        let pods = "(\(spec.maximumReplicas) replicas + \(ConnectionBudget.surge) while rolling out)"
        let bound =
            "max_connections \(budget.maximumConnections) − \(ConnectionBudget.reserve) in reserve = \(budget.available)"
        if let pool = spec.database?.pool {
            guard !budget.admits(pool) else { return nil }
            return Refusal(
                reason: Reason.connectionBudgetExceeded,
                message: "\(pods) × (pool of \(pool.size) + overflow of \(pool.overflow)) = "
                    + "\(budget.pods * pool.connections) connections, and there are \(bound): lower spec.database.pool or "
                    + "the replicas, or raise max_connections.")
        }
        guard budget.fittingPool == nil else { return nil }
        return Refusal(
            reason: Reason.connectionBudgetExceeded,
            message:
                "\(pods) × 1 = \(budget.pods) connections at the least, and there are \(bound): lower the replicas, "
                + "or raise max_connections.")
    }

    /// The refusal that a kind of another project calls for when the cluster does not have it.
    static func checkDatabase(_ spec: ChatBackendSpec, servedKinds: Set<APIResource>) -> Refusal? {
        guard spec.database?.cloudNativePG != nil, !servedKinds.contains(.cloudNativePGClusters) else { return nil }
        return Refusal(
            reason: Reason.kindNotServed,
            message: "The cluster has no CustomResourceDefinition \(APIResource.cloudNativePGClusters.definitionName): "
                + "install CloudNativePG, or name another database in spec.database.")
    }
}
