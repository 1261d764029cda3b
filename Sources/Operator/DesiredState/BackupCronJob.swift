import K8sClient

extension ManifestContext {
    func backupCronJob() -> Manifest? {
        guard let backup = spec.backup else { return nil }
        return Manifest(
            .cronJobs,
            [
                "apiVersion": "batch/v1", "kind": "CronJob",
                "metadata": metadata(backend.objectNames.backupCronJob, component: .backup),
                "spec": [
                    "schedule": .string(backup.schedule),
                    "timeZone": .string(backup.timeZone),
                    "concurrencyPolicy": "Forbid",
                    "startingDeadlineSeconds": 3600,
                    "successfulJobsHistoryLimit": 3,
                    "failedJobsHistoryLimit": 3,
                    "jobTemplate": [
                        "spec": [
                            "backoffLimit": 2,
                            "template": backupPod(keepDays: backup.retentionDays, hasVolume: backup.storage != nil),
                        ]
                    ],
                ],
            ])
    }
}
