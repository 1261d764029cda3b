import K8sClient
import Logging

/// CronJob → Jobs.
struct CronJobController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "cronjob", cluster: cluster, sources: [.primary(.cronJobs), .owned(.jobs, by: "CronJob")],
            logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let cronJob = try cluster.find(.cronJobs, key) else { return nil }
        let jobs = try cluster.list(.jobs, namespace: key.namespace, labels: [:])
            .filter { $0.meta.controller?.uid == cronJob.meta.uid }
        let plan = CronJobPlan(cronJob, jobs: jobs, now: .now)
        for job in plan.newlyFinished {
            let result = job.isTrue("Complete") ? "Complete" : "Failed"
            note(
                .normal, "SawCompletedJob", "Saw completed job: \(job.meta.name), condition: \(result)", cronJob)
        }
        if let warning = plan.warning { note(.warning, warning.reason, warning.message, cronJob) }
        for action in plan.actions {
            switch action {
            case .create(let job): try create(job, cronJob)
            case .delete(let name): try delete(name, cronJob)
            }
        }
        let status = plan.status
        try cluster.update(
            .cronJobs, namespace: key.namespace, name: key.name, subresource: "status", manager: Self.manager
        ) { $0["status"] = status }
        return plan.again.map { .seconds($0) }
    }

    private func create(_ job: JSONValue, _ cronJob: JSONValue) throws(StatusError) {
        do {
            let created = try cluster.create(.jobs, job, manager: Self.manager)
            note(.normal, "SuccessfulCreate", "Created job \(created.meta.name)", cronJob)
        } catch {
            // Made by the step before, whose status was not written.
            if error.reason == "AlreadyExists" { return }
            note(.warning, "FailedCreate", "Error creating job: \(error.message)", cronJob)
            throw error
        }
    }

    private func delete(_ name: String, _ cronJob: JSONValue) throws(StatusError) {
        let key = ObjectKey(namespace: cronJob.meta.namespace, name: name)
        if try cluster.remove(.jobs, key, Deletion(propagation: .background)) {
            note(.normal, "SuccessfulDelete", "Deleted job \(name)", cronJob)
        }
    }

    private func note(_ kind: EventRecorder.Kind, _ reason: String, _ message: String, _ cronJob: JSONValue) {
        events.record(kind, reason, message, about: cronJob, apiVersion: "batch/v1", kindName: "CronJob")
    }
}
