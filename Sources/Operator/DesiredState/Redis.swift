import K8sClient

/// Redis under the deployment guide's name.
enum RedisServer {
    static let port: Int64 = 6379
    /// The official image's user.
    static let userID: Int64 = 999
}

extension ManifestContext {
    func redisService() -> Manifest? {
        guard spec.cache?.managed != nil else { return nil }
        return serverService(backend.objectNames.redis, .cache, portName: "redis", port: RedisServer.port)
    }

    /// One server without a volume: what is in a cache can be made anew.
    func redis() -> Manifest? {
        guard let cache = spec.cache?.managed else { return nil }
        let name = backend.objectNames.redis
        // The settings come through standard input: an argument would show the password to everyone on the node.
        let script = """
            exec docker-entrypoint.sh redis-server - <<SETTINGS
            requirepass $REDISCLI_AUTH
            maxmemory \(cache.maxMemory)
            maxmemory-policy allkeys-lru
            save ""
            appendonly no
            SETTINGS
            """
        let container: JSONValue = [
            "name": .string(name), "image": .string(cache.image), "args": ["sh", "-c", .string(script)],
            // The name under which redis-cli reads a password, for the probe.
            "env": [passwordVariable("REDISCLI_AUTH", SecretKey.redisPassword)],
            "ports": [["name": "redis", "containerPort": .integer(RedisServer.port), "protocol": "TCP"]],
            "readinessProbe": [
                "exec": ["command": ["sh", "-c", "redis-cli ping | grep -q PONG"]], "periodSeconds": 5,
            ],
            "resources": ["requests": ["memory": "64Mi", "cpu": "50m"]],
            "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]],
        ]
        return Manifest(
            .deployments,
            [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(name, component: .cache),
                "spec": [
                    "replicas": 1, "selector": ["matchLabels": ["app": .string(serverLabel(name))]],
                    "strategy": ["type": "Recreate"],
                    "template": serverTemplate(name, .cache, container, userID: RedisServer.userID),
                ],
            ])
    }
}
