import K8sClient
import Logging

/// Job → Pods.
struct JobController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "job", cluster: cluster, sources: [.primary(.jobs), .owned(.pods, by: "Job")], logger: logger,
            reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let job = try cluster.find(.jobs, key) else {
            try releaseOrphans(key)
            return nil
        }
        if JobPlan.isFinished(job), let left = timeToLive(job) {
            if left > 0 { return .seconds(left) }
            try cluster.remove(.jobs, key, Deletion(propagation: .background, uid: job.meta.uid))
            return nil
        }
        let pods = try cluster.list(.pods, namespace: key.namespace, labels: [:])
            .filter { $0.meta.controller?.uid == job.meta.uid }
        var plan = JobPlan(job, pods: pods, now: .now)
        plan.complete(pods)
        for name in plan.deletions { try delete(name, of: job) }
        let indexes: [Int?] = plan.indexes.isEmpty ? Array(repeating: nil, count: plan.creations) : plan.indexes
        for index in indexes { try create(of: job, index: index) }
        let status = plan.status
        try cluster.update(
            .jobs, namespace: key.namespace, name: key.name, subresource: "status", manager: Self.manager
        ) { $0["status"] = status }
        for name in plan.counted { try release(ObjectKey(namespace: key.namespace, name: name)) }
        if plan.isNewlyFinished { announce(plan, job) }
        if plan.isNewlyFinished, let ttl = job["spec", "ttlSecondsAfterFinished"]?.int { return .seconds(ttl) }
        return plan.again.map { .seconds($0) }
    }

    /// Seconds until a finished Job is to be deleted; nil when it stays.
    private func timeToLive(_ job: JSONValue) -> Int? {
        guard let ttl = job["spec", "ttlSecondsAfterFinished"]?.int else { return nil }
        let condition = job.condition("Complete") ?? job.condition("Failed")
        guard let finished = condition?["lastTransitionTime"]?.string.flatMap(KubernetesTime.init) else { return nil }
        return finished + ttl - .now
    }

    private func announce(_ plan: JobPlan, _ job: JSONValue) {
        switch plan.outcome {
        case .complete?: note(.normal, "Completed", "Job completed", job)
        case .failed(let reason, let message)?: note(.warning, reason, message, job)
        case nil: break
        }
    }

    private func create(of job: JSONValue, index: Int?) throws(StatusError) {
        let meta = job.meta
        let prefix = index.map { "\(meta.name)-\($0)-" } ?? "\(meta.name)-"
        var pod = job.podFromTemplate(
            prefix: prefix, owner: job.controllerReference(apiVersion: "batch/v1", kind: "Job"))
        for label in ["batch.kubernetes.io/controller-uid", "controller-uid"] {
            pod["metadata", "labels", label] = .string(meta.uid)
        }
        for label in ["batch.kubernetes.io/job-name", "job-name"] {
            pod["metadata", "labels", label] = .string(meta.name)
        }
        pod["metadata", "finalizers"] = [.string(JobPlan.finalizer)]
        if let index {
            let key = "batch.kubernetes.io/job-completion-index"
            pod["metadata", "annotations", key] = .string(String(index))
            pod["metadata", "labels", key] = .string(String(index))
            pod["spec", "hostname"] = .string("\(meta.name)-\(index)")
            let variable: JSONValue = ["name": "JOB_COMPLETION_INDEX", "value": .string(String(index))]
            for list in ["containers", "initContainers"] {
                guard let containers = pod["spec", list]?.array else { continue }
                pod["spec", list] = .array(
                    containers.map { container in
                        var container = container
                        container["env"] = .array(container.items("env") + [variable])
                        return container
                    })
            }
        }
        do {
            let created = try cluster.create(.pods, pod, manager: Self.manager)
            note(.normal, "SuccessfulCreate", "Created pod: \(created.meta.name)", job)
        } catch {
            note(.warning, "FailedCreate", "Error creating: \(error.withoutSuffix(of: pod).message)", job)
            throw error
        }
    }

    private func delete(_ name: String, of job: JSONValue) throws(StatusError) {
        if try cluster.remove(.pods, ObjectKey(namespace: job.meta.namespace, name: name)) {
            note(.normal, "SuccessfulDelete", "Deleted pod: \(name)", job)
        }
    }

    /// Lets go of a pod that was counted.
    private func release(_ key: ObjectKey) throws(StatusError) {
        do {
            try cluster.update(
                .pods, namespace: key.namespace, name: key.name, subresource: nil, manager: Self.manager
            ) { pod in
                let left = pod.meta.finalizers.filter { $0 != JobPlan.finalizer }
                pod["metadata", "finalizers"] = .nonEmpty(left)
            }
        } catch {
            if error.code != 404 { throw error }
        }
    }

    /// Pods whose Job is gone need not be counted: what holds them is taken off.
    private func releaseOrphans(_ key: ObjectKey) throws(StatusError) {
        for pod in try cluster.list(.pods, namespace: key.namespace, labels: ["job-name": key.name])
        where pod.meta.finalizers.contains(JobPlan.finalizer) {
            try release(pod.meta.key)
        }
    }

    private func note(_ kind: EventRecorder.Kind, _ reason: String, _ message: String, _ job: JSONValue) {
        events.record(kind, reason, message, about: job, apiVersion: "batch/v1", kindName: "Job")
    }
}
