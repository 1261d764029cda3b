import K8sClient

/// PostgreSQL under the deployment guide's names and tuning.
enum PostgresServer {
    static let port: Int64 = 5432
    static let database = "chatgpt_backend"
    static let user = "postgres"
    /// The official image's user.
    static let userID: Int64 = 999

    /// The server's settings: the guide's, and the specification's over them.
    static func parameters(_ database: ManagedDatabase) -> [String: String] {
        [
            "shared_buffers": "256MB", "effective_cache_size": "1GB", "work_mem": "4MB",
            "maintenance_work_mem": "64MB", "max_connections": "100",
        ].merging(database.parameters ?? [:]) { $1 }
    }
}

extension ManifestContext {
    func postgresService() -> Manifest? {
        guard spec.database?.managed != nil else { return nil }
        return serverService(
            backend.objectNames.postgres, .database, portName: "postgresql", port: PostgresServer.port)
    }

    /// One server with a volume. The claim is the StatefulSet's: it outlives the StatefulSet, and goes with the namespace.
    func postgres() -> Manifest? {
        guard let database = spec.database?.managed else { return nil }
        let name = backend.objectNames.postgres
        let isReady: JSONValue = [
            "exec": [
                "command": [
                    // By address: while the image's first start prepares the database, a server answers on the socket alone.
                    "pg_isready", "-h", "127.0.0.1", "-U", .string(PostgresServer.user), "-d",
                    .string(PostgresServer.database),
                ]
            ]
        ]
        var readiness = isReady
        readiness["periodSeconds"] = 5
        var startup = isReady
        startup["periodSeconds"] = 5
        startup["failureThreshold"] = 60
        let settings = PostgresServer.parameters(database).sorted { $0.key < $1.key }.flatMap {
            ["-c", "\($0.key)=\($0.value)"]
        }
        let container: JSONValue = [
            "name": .string(name), "image": .string(database.image), "args": JSONValue(["postgres"] + settings),
            "env": [
                ["name": "POSTGRES_USER", "value": .string(PostgresServer.user)],
                ["name": "POSTGRES_DB", "value": .string(PostgresServer.database)],
                // A folder of the volume: its top has a lost+found, which initdb refuses.
                ["name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"],
                passwordVariable("POSTGRES_PASSWORD", SecretKey.postgresPassword),
            ],
            "ports": [
                ["name": "postgresql", "containerPort": .integer(PostgresServer.port), "protocol": "TCP"]
            ],
            "readinessProbe": readiness, "startupProbe": startup,
            "resources": ["requests": ["memory": "512Mi", "cpu": "250m"]],
            "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]],
            "volumeMounts": [["name": "data", "mountPath": "/var/lib/postgresql/data"]],
        ]
        var template = serverTemplate(name, .database, container, userID: PostgresServer.userID)
        // A checkpoint of what is in memory comes before the end.
        template["spec", "terminationGracePeriodSeconds"] = 60
        return Manifest(
            .statefulSets,
            [
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata(name, component: .database),
                "spec": [
                    "serviceName": .string(name), "replicas": 1,
                    "selector": ["matchLabels": ["app": .string(serverLabel(name))]], "template": template,
                    "volumeClaimTemplates": [
                        [
                            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                            // Labels of its own: those of a claim template can never be changed.
                            "metadata": [
                                "name": "data",
                                "labels": [
                                    "app": .string(serverLabel(name)),
                                    StandardLabels.managedBy: .string(StandardLabels.operatorName),
                                    StandardLabels.instance: .string(backend.name),
                                ],
                            ],
                            "spec": claimSpec(database.storage),
                        ]
                    ],
                ],
            ])
    }
}
