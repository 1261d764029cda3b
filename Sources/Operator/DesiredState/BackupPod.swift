import K8sClient

/// Where backups are in the pods that make them.
enum BackupVolume {
    static let directory = "/backups"
    static let usual = Storage(size: "10Gi")
}

extension ManifestContext {
    /// The pod that makes a backup.
    /// - Parameters:
    ///   - keepDays: Older backups are removed once the new one is good.
    ///   - hasVolume: Whether there is one for backups.
    func backupPod(keepDays: Int, hasVolume: Bool) -> JSONValue {
        var container = container(name: "backup")
        container["args"] = ["backup", "--keep-days", .string(String(keepDays))]
        container["resources"] = ["requests": ["memory": "64Mi", "cpu": "50m"], "limits": ["memory": "512Mi"]]
        if hasVolume {
            let mount: JSONValue = ["name": "backups", "mountPath": .string(BackupVolume.directory)]
            container["volumeMounts"] = .array((container["volumeMounts"]?.array ?? []) + [mount])
        }
        var pod = podSpec(container)
        pod["restartPolicy"] = "Never"
        if hasVolume {
            let volume: JSONValue = [
                "name": "backups",
                "persistentVolumeClaim": ["claimName": .string(backend.objectNames.backupVolume)],
            ]
            pod["volumes"] = .array((pod["volumes"]?.array ?? []) + [volume])
            pod["securityContext", "fsGroup"] = .integer(SQLiteVolume.group)
        }
        if spec.usesSQLite {
            // The volume is on the node of the pod that serves, when there is one.
            let besideBackend: JSONValue = [
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": ["matchLabels": ["app": .string(backend.name)]],
            ]
            pod["affinity"] = [
                "podAffinity": [
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        ["weight": 100, "podAffinityTerm": besideBackend]
                    ]
                ]
            ]
        }

        // The Service selects by `app` alone: a backup's pod must not carry the backend's.
        var podLabels = labels(.backup)
        podLabels["app"] = backend.objectNames.backupCronJob
        var podMetadata: JSONValue = ["labels": JSONValue(podLabels)]
        set(annotations: [:], in: &podMetadata)
        return ["metadata": podMetadata, "spec": pod]
    }

    /// The volume that the scheduled backups are on.
    func backupVolume() -> Manifest? {
        spec.backup?.storage.map { backupVolume($0) }
    }

    /// The volume that the last backup is on: that of the others, when they have one.
    func finalBackupVolume() -> Manifest {
        backupVolume(spec.backup?.storage ?? BackupVolume.usual)
    }

    private func backupVolume(_ storage: Storage) -> Manifest {
        Manifest(
            .persistentVolumeClaims,
            [
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": metadata(backend.objectNames.backupVolume, component: .backup),
                "spec": claimSpec(storage),
            ])
    }

    /// The backup before the resource goes. It removes none of the others.
    func finalBackupJob() -> Manifest {
        Manifest(
            .jobs,
            [
                "apiVersion": "batch/v1", "kind": "Job",
                "metadata": metadata(backend.objectNames.finalBackupJob, component: .backup),
                "spec": ["backoffLimit": 2, "template": backupPod(keepDays: 36_500, hasVolume: true)],
            ])
    }
}
