import K8sClient

extension ManifestContext {
    func backupCronJob() -> Manifest? {
        guard let backup = spec.backup else { return nil }
        var container = container(name: "backup")
        container["args"] = ["backup", "--keep-days", .string(String(backup.retentionDays))]
        container["resources"] = ["requests": ["memory": "64Mi", "cpu": "50m"], "limits": ["memory": "512Mi"]]
        var pod = podSpec(container)
        pod["restartPolicy"] = "Never"

        // The Service selects by `app` alone: a backup's pod must not carry the backend's.
        var podLabels = labels(.backup)
        podLabels["app"] = backend.objectNames.backupCronJob
        var podMetadata: JSONValue = ["labels": JSONValue(podLabels)]
        set(annotations: [:], in: &podMetadata)
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
                            "template": ["metadata": podMetadata, "spec": pod],
                        ]
                    ],
                ],
            ])
    }
}
