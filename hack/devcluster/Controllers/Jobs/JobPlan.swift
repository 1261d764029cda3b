import K8sClient

/// One step of a Job's controller, decided from the Job and its pods; pure.
///
/// Finished pods are counted once each: a pod carries a finalizer until the status has taken it in, so that one that is
/// deleted before is not lost.
struct JobPlan {
    static let finalizer = "batch.kubernetes.io/job-tracking"

    enum Outcome: Hashable {
        case complete
        case failed(reason: String, message: String)
    }

    /// How many pods to create now.
    private(set) var creations = 0
    /// The completion indexes of the pods to create, for an indexed Job.
    private(set) var indexes: [Int] = []
    private(set) var deletions: [String] = []
    /// Pods that were counted: their finalizer is to go.
    private(set) var counted: [String] = []
    /// The status to write before `counted` lose their finalizer.
    private(set) var status: JSONValue
    private(set) var outcome: Outcome?
    /// Whether the outcome became final now.
    private(set) var isNewlyFinished = false
    /// Seconds until something is due though nothing changes.
    private(set) var again: Int?

    private let job: JSONValue
    private let now: KubernetesTime

    init(_ job: JSONValue, pods: [JSONValue], now: KubernetesTime) {
        self.job = job
        self.now = now
        status = job["status"] ?? [:]
        decide(pods)
    }

    private var parallelism: Int { job["spec", "parallelism"]?.int ?? 1 }
    private var completions: Int? { job["spec", "completions"]?.int }
    private var backoffLimit: Int { job["spec", "backoffLimit"]?.int ?? 6 }
    private var isSuspended: Bool { job["spec", "suspend"]?.bool ?? false }
    private var isIndexed: Bool { job["spec", "completionMode"]?.string == "Indexed" }

    static func isFinished(_ job: JSONValue) -> Bool { job.isTrue("Complete") || job.isTrue("Failed") }

    private mutating func decide(_ pods: [JSONValue]) {
        let finished = pods.filter { ["Succeeded", "Failed"].contains($0["status", "phase"]?.string) }
        let active = pods.filter { pod in
            !["Succeeded", "Failed"].contains(pod["status", "phase"]?.string) && !pod.meta.isDeleting
        }
        let terminating = pods.filter { pod in
            pod.meta.isDeleting && !["Succeeded", "Failed"].contains(pod["status", "phase"]?.string)
        }
        let fresh = finished.filter { $0.meta.finalizers.contains(Self.finalizer) }
        counted = fresh.map(\.meta.name)
        let succeeded = (status["succeeded"]?.int ?? 0) + fresh.count { $0["status", "phase"]?.string == "Succeeded" }
        let failed = (status["failed"]?.int ?? 0) + fresh.count { $0["status", "phase"]?.string == "Failed" }
        guard !Self.isFinished(job), !job.meta.isDeleting else {
            if job.meta.isDeleting { return }
            deletions = active.map(\.meta.name)
            return
        }
        if status["startTime"] == nil, !isSuspended { status["startTime"] = .string(now.description) }
        outcome = judge(active: active, succeeded: succeeded, failed: failed)
        var running = active
        if outcome != nil || isSuspended {
            deletions = active.map(\.meta.name)
            running = []
        } else {
            adjust(active, finished: finished, succeeded: succeeded, failed: failed)
            running.removeAll { deletions.contains($0.meta.name) }
        }
        report(
            active: running, terminating: terminating.count + deletions.count, succeeded: succeeded, failed: failed)
    }

    private mutating func judge(active: [JSONValue], succeeded: Int, failed: Int) -> Outcome? {
        if let decided = JobPlan.decided(job) { return decided }
        if let limit = job["spec", "activeDeadlineSeconds"]?.int, !isSuspended,
            let start = status["startTime"]?.string.flatMap(KubernetesTime.init)
        {
            let left = limit - (now - start)
            if left <= 0 {
                return .failed(
                    reason: "DeadlineExceeded", message: "Job was active longer than specified deadline")
            }
            lookAgain(in: left)
        }
        if failed > backoffLimit || restartsExceedLimit(active) {
            return .failed(reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit")
        }
        if let completions {
            return succeeded >= completions ? .complete : nil
        }
        // A work queue: one success says that the work is done, then the others may finish.
        return succeeded > 0 && active.isEmpty ? .complete : nil
    }

    /// What an earlier step decided, while pods were still ending.
    private static func decided(_ job: JSONValue) -> Outcome? {
        if job.isTrue("SuccessCriteriaMet") { return .complete }
        guard job.isTrue("FailureTarget"), let condition = job.condition("FailureTarget") else { return nil }
        return .failed(
            reason: condition["reason"]?.string ?? "", message: condition["message"]?.string ?? "")
    }

    /// With `restartPolicy: OnFailure` the node restarts containers itself: those count as failures too.
    private func restartsExceedLimit(_ active: [JSONValue]) -> Bool {
        guard job["spec", "template", "spec", "restartPolicy"]?.string == "OnFailure" else { return false }
        let restarts = active.flatMap { $0.items("status", "containerStatuses") }
            .reduce(0) { $0 + ($1["restartCount"]?.int ?? 0) }
        return backoffLimit == 0 ? restarts > 0 : restarts >= backoffLimit
    }

    private mutating func adjust(_ active: [JSONValue], finished: [JSONValue], succeeded: Int, failed: Int) {
        let wanted: Int
        if let completions {
            wanted = min(parallelism, completions - succeeded)
        } else {
            wanted = succeeded > 0 ? active.count : parallelism
        }
        if active.count > wanted {
            let surplus = active.sorted { ($0.isTrue("Ready") ? 1 : 0) < ($1.isTrue("Ready") ? 1 : 0) }
            deletions = surplus.prefix(active.count - max(0, wanted)).map(\.meta.name)
            return
        }
        guard active.count < wanted else { return }
        let delay = Self.backoff(failures: failed)
        let lastFailure = finished.filter { $0["status", "phase"]?.string == "Failed" }.compactMap(\.finishedAt).max()
        if failed > 0, let lastFailure {
            let left = lastFailure + delay - now
            if left > 0 { return lookAgain(in: left) }
        }
        creations = min(wanted - active.count, ReplicaSetPlan.burst)
        if isIndexed { chooseIndexes(active, finished) }
    }

    private mutating func chooseIndexes(_ active: [JSONValue], _ finished: [JSONValue]) {
        let done = finished.filter { $0["status", "phase"]?.string == "Succeeded" }
        let taken = Set((active + done).compactMap(\.completionIndex)).union(Self.indexes(in: status))
        indexes = Array((0..<(completions ?? 0)).filter { !taken.contains($0) }.prefix(creations))
        creations = indexes.count
    }

    /// 10 s after the first failure, doubling to 10 minutes.
    static func backoff(failures: Int) -> Int {
        failures <= 0 ? 0 : min(10 << min(failures - 1, 10), 600)
    }

    private mutating func lookAgain(in seconds: Int) { again = min(again ?? seconds, seconds) }

    // MARK: Status

    private mutating func report(active: [JSONValue], terminating: Int, succeeded: Int, failed: Int) {
        func count(_ key: String, _ value: Int) { status[key] = value == 0 ? Optional.none : JSONValue(value) }
        count("active", active.count + creations)
        count("succeeded", succeeded)
        count("failed", failed)
        status["ready"] = JSONValue(active.count { $0.isTrue("Ready") })
        status["terminating"] = JSONValue(terminating)
        status["uncountedTerminatedPods"] = [:]
        var conditions = Conditions(job)
        func set(_ type: String, _ reason: String?, _ message: String?, _ value: String = "True") {
            conditions.set(
                type, value, reason: reason, message: message, now: now,
                more: ["lastProbeTime": .string(now.description)])
        }
        switch outcome {
        case .complete?:
            let message = "Reached expected number of succeeded pods"
            if conditions["SuccessCriteriaMet"] == nil { set("SuccessCriteriaMet", "CompletionsReached", message) }
            // Final only when no pod is left running: a Job that is complete has no processes.
            if active.isEmpty, terminating == 0 {
                set("Complete", "CompletionsReached", message)
                status["completionTime"] = .string(now.description)
                isNewlyFinished = true
            }
        case .failed(let reason, let message)?:
            if conditions["FailureTarget"] == nil { set("FailureTarget", reason, message) }
            if active.isEmpty, terminating == 0 {
                set("Failed", reason, message)
                isNewlyFinished = true
            }
        case nil:
            let wasSuspended = conditions["Suspended"]?["status"]?.string == "True"
            if isSuspended, !wasSuspended {
                set("Suspended", "JobSuspended", "Job suspended")
                status["startTime"] = nil
            } else if !isSuspended, wasSuspended {
                set("Suspended", "JobResumed", "Job resumed", "False")
                status["startTime"] = .string(now.description)
            }
        }
        status["conditions"] = .nonEmpty(conditions.items)
    }

    /// Takes the indexes of pods that succeeded into `status.completedIndexes`.
    mutating func complete(_ pods: [JSONValue]) {
        guard isIndexed else { return }
        let done = pods.filter { $0["status", "phase"]?.string == "Succeeded" }.compactMap(\.completionIndex)
        let all = Self.indexes(in: status).union(done).sorted()
        guard !all.isEmpty else { return }
        var ranges: [ClosedRange<Int>] = []
        for index in all {
            if let last = ranges.last, last.upperBound + 1 == index {
                ranges[ranges.count - 1] = last.lowerBound...index
            } else {
                ranges.append(index...index)
            }
        }
        status["completedIndexes"] = .string(
            ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
                .joined(separator: ","))
    }

    private static func indexes(in status: JSONValue) -> Set<Int> {
        var result: Set<Int> = []
        for part in (status["completedIndexes"]?.string ?? "").split(separator: ",") {
            let bounds = part.split(separator: "-").compactMap { Int($0) }
            if bounds.count == 2, bounds[0] <= bounds[1] {
                result.formUnion(bounds[0]...bounds[1])
            } else if bounds.count == 1 {
                result.insert(bounds[0])
            }
        }
        return result
    }
}

extension JSONValue {
    /// The index of an indexed Job's pod.
    fileprivate var completionIndex: Int? {
        meta.annotations["batch.kubernetes.io/job-completion-index"].flatMap { Int($0) }
    }

    /// When the last container of a pod ended.
    fileprivate var finishedAt: KubernetesTime? {
        items("status", "containerStatuses")
            .compactMap { $0["state", "terminated", "finishedAt"]?.string.flatMap(KubernetesTime.init) }.max()
    }
}
