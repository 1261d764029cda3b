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
            generatedKeys: generatedKeys, composedKeys: composedKeys)
    }

    private var generatedKeys: [String] {
        var keys = spec.auth?.secretKeySecretRef == nil ? ["SECRET_KEY"] : []
        if spec.database?.managed != nil { keys.append(SecretKey.postgresPassword) }
        if spec.cache?.managed != nil { keys.append(SecretKey.redisPassword) }
        return keys
    }

    private var composedKeys: [ComposedKey] {
        var keys: [ComposedKey] = []
        if spec.database?.managed != nil {
            keys.append(
                ComposedKey(
                    key: SecretKey.databaseURL, prefix: "postgresql://\(PostgresServer.user):",
                    passwordKey: SecretKey.postgresPassword,
                    suffix: "@\(backend.objectNames.postgres):\(PostgresServer.port)/\(PostgresServer.database)"))
        }
        if spec.cache?.managed != nil {
            keys.append(
                ComposedKey(
                    key: SecretKey.redisURL, prefix: "redis://:", passwordKey: SecretKey.redisPassword,
                    suffix: "@\(backend.objectNames.redis):\(RedisServer.port)/0"))
        }
        return keys
    }
}

/// Keys of `NAME-secret` that the operator makes.
enum SecretKey {
    static let databaseURL = "DATABASE_URL"
    static let redisURL = "REDIS_URL"
    static let postgresPassword = "POSTGRES_PASSWORD"
    static let redisPassword = "REDIS_PASSWORD"
}
