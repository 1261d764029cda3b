import K8sClient
import Testing

@testable import devcluster

@Suite("What the Job and CronJob controllers decide")
struct JobPlanTests {
    private static let now = KubernetesTime(seconds: 1_800_000_000)

    private static func job(_ spec: JSONValue, status: JSONValue = [:]) -> JSONValue {
        ["metadata": ["name": "j", "namespace": "n", "uid": "1"], "spec": spec, "status": status]
    }

    private static func pod(_ name: String, _ phase: JSONValue, ended: Int = 0, counted: Bool = false) -> JSONValue {
        [
            "metadata": ["name": .string(name), "finalizers": counted ? [] : [.string(JobPlan.finalizer)]],
            "status": [
                "phase": phase,
                "containerStatuses": [
                    ["state": ["terminated": ["finishedAt": .string((now + ended).description)]]]
                ],
            ],
        ]
    }

    @Test("Parallelism bounds the pods, and completions what is still to be done")
    func parallelism() {
        let job = Self.job(["completions": 5, "parallelism": 3])
        #expect(JobPlan(job, pods: [], now: Self.now).creations == 3)
        let pods = [Self.pod("a", "Succeeded"), Self.pod("b", "Succeeded"), Self.pod("c", "Succeeded")]
        let plan = JobPlan(job, pods: pods, now: Self.now)
        #expect(plan.creations == 2)
        #expect(plan.status["succeeded"]?.int == 3)
        #expect(plan.counted == ["a", "b", "c"])
    }

    @Test("A pod that was counted is not counted again")
    func countedOnce() {
        let job = Self.job(["completions": 2, "parallelism": 1], status: ["succeeded": 1])
        let plan = JobPlan(job, pods: [Self.pod("a", "Succeeded", counted: true)], now: Self.now)
        #expect(plan.status["succeeded"]?.int == 1)
        #expect(plan.creations == 1)
        #expect(plan.counted.isEmpty)
    }

    @Test("After a failure the next pod waits, twice as long each time, up to ten minutes")
    func backoff() {
        #expect((0...8).map(JobPlan.backoff) == [0, 10, 20, 40, 80, 160, 320, 600, 600])
        let plan = JobPlan(
            Self.job(["completions": 1, "parallelism": 1]), pods: [Self.pod("a", "Failed", ended: -4)], now: Self.now)
        #expect(plan.creations == 0)
        #expect(plan.again == 6)
    }

    @Test("Beyond backoffLimit the Job fails: first its pods end, then it is Failed")
    func fails() {
        let job = Self.job(["completions": 2, "parallelism": 2, "backoffLimit": 0])
        let ending = JobPlan(job, pods: [Self.pod("a", "Failed"), Self.pod("b", "Running")], now: Self.now)
        #expect(ending.deletions == ["b"])
        #expect(!ending.isNewlyFinished)
        var target = job
        target["status"] = ending.status
        #expect(target.isTrue("FailureTarget"))
        let ended = JobPlan(target, pods: [Self.pod("a", "Failed", counted: true)], now: Self.now)
        #expect(ended.isNewlyFinished)
        let finished: JSONValue = ["status": ended.status]
        #expect(finished.condition("Failed")?["reason"]?.string == "BackoffLimitExceeded")
    }

    @Test("activeDeadlineSeconds ends a Job")
    func deadline() {
        let start: JSONValue = ["startTime": .string((Self.now + -30).description)]
        let job = Self.job(["completions": 1, "parallelism": 1, "activeDeadlineSeconds": 30], status: start)
        let plan = JobPlan(job, pods: [Self.pod("a", "Running")], now: Self.now)
        #expect(plan.deletions == ["a"])
        #expect(
            plan.outcome
                == .failed(reason: "DeadlineExceeded", message: "Job was active longer than specified deadline"))
    }

    @Test("A suspended Job has no pods")
    func suspended() {
        let plan = JobPlan(
            Self.job(["completions": 1, "parallelism": 1, "suspend": true]), pods: [Self.pod("a", "Running")],
            now: Self.now)
        #expect(plan.deletions == ["a"])
        #expect(plan.creations == 0)
        let job: JSONValue = ["status": plan.status]
        #expect(job.isTrue("Suspended"))
    }

    private static func cronJob(_ policy: JSONValue) -> JSONValue {
        [
            "metadata": [
                "name": "c", "namespace": "n", "uid": "9", "creationTimestamp": .string((now + -90).description),
            ],
            "spec": [
                "schedule": "* * * * *", "concurrencyPolicy": policy, "failedJobsHistoryLimit": 1,
                "jobTemplate": ["spec": ["template": ["spec": [:]]]],
            ],
        ]
    }

    private static func finished(_ name: String, _ type: JSONValue, start: Int) -> JSONValue {
        [
            "metadata": ["name": .string(name), "uid": .string(name)],
            "status": [
                "startTime": .string((now + start).description), "conditions": [["type": type, "status": "True"]],
            ],
        ]
    }

    @Test("A due CronJob makes a Job named after its time, unless one runs and the policy forbids")
    func cron() {
        let running: JSONValue = ["metadata": ["name": "c-1", "uid": "7", "namespace": "n"]]
        func actions(_ policy: JSONValue, _ jobs: [JSONValue]) -> [String] {
            CronJobPlan(Self.cronJob(policy), jobs: jobs, now: Self.now).actions.map {
                switch $0 {
                case .create(let job): "create \(job.meta.name)"
                case .delete(let name): "delete \(name)"
                }
            }
        }
        let due = "create c-\(Self.now.seconds / 60)"
        #expect(actions("Allow", [running]) == [due])
        #expect(actions("Forbid", [running]) == [])
        #expect(actions("Replace", [running]) == ["delete c-1", due])
        let failed = [Self.finished("old", "Failed", start: -50), Self.finished("new", "Failed", start: -20)]
        #expect(actions("Allow", failed) == ["delete old", due])
    }
}
