import K8sClient

/// One step of a CronJob's controller, decided from the CronJob and its Jobs; pure.
struct CronJobPlan {
    enum Action: Hashable {
        case create(JSONValue)
        case delete(String)
    }

    private(set) var actions: [Action] = []
    /// Jobs that finished since they were listed as active.
    private(set) var newlyFinished: [JSONValue] = []
    private(set) var status: JSONValue
    /// An event about a start that does not happen.
    private(set) var warning: (reason: String, message: String)?
    /// Seconds until the schedule is due.
    private(set) var again: Int?

    init(_ cronJob: JSONValue, jobs: [JSONValue], now: KubernetesTime) {
        status = cronJob["status"] ?? [:]
        let listed = Set(cronJob.items("status", "active").compactMap { $0["uid"]?.string })
        let active = jobs.filter { !JobPlan.isFinished($0) }
        newlyFinished = jobs.filter { JobPlan.isFinished($0) && listed.contains($0.meta.uid) }
        prune(cronJob, jobs)
        let ended = jobs.filter { $0.isTrue("Complete") }.compactMap { $0["status", "completionTime"]?.string }.max()
        if let ended { status["lastSuccessfulTime"] = .string(ended) }
        setActive(active)
        guard !cronJob.meta.isDeleting, cronJob["spec", "suspend"]?.bool != true else { return }
        let schedule: CronSchedule
        do {
            schedule = try CronSchedule(
                cronJob["spec", "schedule"]?.string ?? "", timeZone: cronJob["spec", "timeZone"]?.string)
        } catch {
            warning = ("UnparseableSchedule", "unparseable schedule: \(error)")
            return
        }
        start(cronJob, schedule, active, now)
        again = schedule.next(after: now).map { max(1, $0 - now) }
    }

    private mutating func start(
        _ cronJob: JSONValue, _ schedule: CronSchedule, _ active: [JSONValue], _ now: KubernetesTime
    ) {
        let deadline = cronJob["spec", "startingDeadlineSeconds"]?.int
        var earliest =
            cronJob["status", "lastScheduleTime"]?.string.flatMap(KubernetesTime.init)
            ?? cronJob.meta.created ?? now
        if let deadline { earliest = max(earliest, now + -deadline) }
        guard let due = schedule.mostRecent(after: earliest, until: now) else { return }
        if due.missed > 100 {
            warning = (
                "TooManyMissedTimes",
                "too many missed start times: \(due.missed). Set or decrease .spec.startingDeadlineSeconds or check "
                    + "clock skew"
            )
        }
        if let deadline, due.time + deadline < now {
            warning = ("MissSchedule", "Missed scheduled time to start a job: \(due.time)")
            return
        }
        let name = "\(cronJob.meta.name.prefix(52))-\(due.time.seconds / 60)"
        guard !active.contains(where: { $0.meta.name == name }) else { return }
        switch cronJob["spec", "concurrencyPolicy"]?.string {
        case "Forbid" where !active.isEmpty:
            warning = (
                "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency policy is Forbid"
            )
            return
        case "Replace":
            actions += active.map { .delete($0.meta.name) }
            setActive([])
        default: break
        }
        actions.append(.create(Self.job(cronJob, name: name, at: due.time)))
        status["lastScheduleTime"] = .string(due.time.description)
    }

    private mutating func prune(_ cronJob: JSONValue, _ jobs: [JSONValue]) {
        for (type, member, standard) in [
            ("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1),
        ] {
            let limit = cronJob["spec", member]?.int ?? standard
            let finished = jobs.filter { $0.isTrue(type) && !$0.meta.isDeleting }.sorted {
                ($0["status", "startTime"]?.string ?? "", $0.meta.name)
                    < ($1["status", "startTime"]?.string ?? "", $1.meta.name)
            }
            actions += finished.dropLast(limit).map { .delete($0.meta.name) }
        }
    }

    private mutating func setActive(_ jobs: [JSONValue]) {
        status["active"] =
            jobs.isEmpty
            ? nil
            : .array(
                jobs.sorted { $0.meta.name < $1.meta.name }.map { job in
                    [
                        "apiVersion": "batch/v1", "kind": "Job", "name": .string(job.meta.name),
                        "namespace": .string(job.meta.namespace), "uid": .string(job.meta.uid),
                    ]
                })
    }

    private static func job(_ cronJob: JSONValue, name: String, at time: KubernetesTime) -> JSONValue {
        let template = cronJob["spec", "jobTemplate"] ?? [:]
        var annotations = template["metadata", "annotations"]?.strings ?? [:]
        annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = time.description
        var metadata: [String: JSONValue] = [
            "name": .string(name), "namespace": .string(cronJob.meta.namespace),
            "annotations": JSONValue(annotations),
            "ownerReferences": [cronJob.controllerReference(apiVersion: "batch/v1", kind: "CronJob")],
        ]
        metadata["labels"] = template["metadata", "labels"]
        return [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": .object(metadata), "spec": template["spec"] ?? [:],
        ]
    }
}
