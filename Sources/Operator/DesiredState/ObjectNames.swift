import K8sClient

/// The names of a backend's objects; with the backend called `chatgpt-backend` they are the deployment guide's own.
struct ObjectNames {
    let backend: String

    var configMap: String { backend + "-config" }
    var secret: String { backend + "-secret" }
    var deployment: String { backend }
    var service: String { backend + "-service" }
    var ingress: String { backend + "-ingress" }
    var httpRoute: String { backend + "-route" }
    var horizontalPodAutoscaler: String { backend + "-autoscaler" }
    var podDisruptionBudget: String { backend + "-disruption" }
    var networkPolicy: String { backend + "-network" }
    var tlsSecret: String { backend + "-tls" }
    var backupCronJob: String { backend + "-backup" }
    /// The volume of SQLite's file.
    var dataVolume: String { backend + "-data" }
    /// The volume of the backups.
    var backupVolume: String { backend + "-backups" }
    /// The backup that is made before the resource goes.
    var finalBackupJob: String { backend + "-final-backup" }
    /// CloudNativePG's Cluster.
    var databaseCluster: String { backend + "-database" }
    /// The Secret that CloudNativePG makes for the database's owner, with the key `uri`.
    var databaseClusterSecret: String { databaseCluster + "-app" }
    /// The guide's host of PostgreSQL: StatefulSet and Service.
    var postgres: String { "postgres" }
    /// The guide's host of Redis: Deployment and Service.
    var redis: String { "redis" }
    /// The claim that the StatefulSet makes for its one pod.
    var postgresVolume: String { "data-postgres-0" }

    /// The longest name a backend may have: a CronJob's may have 52 characters, and `-backup` takes 7 of them.
    static let maximumLength = 45
}

extension ChatBackend {
    var objectNames: ObjectNames { ObjectNames(backend: name) }

    /// Every object that desired state may hold for a backend of this name, whatever its specification: where to look for what
    /// was made and is not wanted any longer.
    var possibleObjects: [ObjectIdentity] {
        let names = objectNames
        let candidates: [(APIResource, String)] = [
            (.namespaces, namespace), (.configMaps, names.configMap), (.secrets, names.secret),
            (.services, names.service), (.deployments, names.deployment), (.ingresses, names.ingress),
            (.httpRoutes, names.httpRoute), (.horizontalPodAutoscalers, names.horizontalPodAutoscaler),
            (.podDisruptionBudgets, names.podDisruptionBudget), (.networkPolicies, names.networkPolicy),
            (.cronJobs, names.backupCronJob), (.serviceMonitors, name), (.prometheusRules, name),
            (.persistentVolumeClaims, names.dataVolume), (.statefulSets, names.postgres),
            (.services, names.postgres), (.deployments, names.redis), (.services, names.redis),
            (.cloudNativePGClusters, names.databaseCluster),
            (.persistentVolumeClaims, names.backupVolume), (.jobs, names.finalBackupJob),
        ]
        return candidates.map { resource, name in
            ObjectIdentity(
                apiVersion: resource.apiVersion, kind: resource.kind,
                namespace: resource.isNamespaced ? namespace : nil, name: name)
        }
    }
}
