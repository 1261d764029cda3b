import FoundationEssentials
import K8sClient
import Testing

@testable import devcluster

@Suite("Jobs that run", .serialized)
struct NodeJobTests {
    @Test("A Job runs its completions, and is Complete only then")
    func completes() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .jobs,
                """
                {metadata: {name: three}, spec: {completions: 3, parallelism: 2, template: {spec: {restartPolicy: Never,
                  containers: [{name: app, image: shell, args: ['echo done']}]}}}}
                """)
            try await cluster.wait("the Job is complete") { cluster.get(.jobs, "three")?.isTrue("Complete") ?? false }
            let job = try #require(cluster.get(.jobs, "three"))
            #expect(job["status", "succeeded"]?.int == 3)
            #expect(job["status", "active"] == nil)
            #expect(job.isTrue("SuccessCriteriaMet"))
            #expect(job["status", "completionTime"]?.string != nil)
            let pods = cluster.pods(["batch.kubernetes.io/job-name": "three"])
            #expect(pods.count == 3)
            try await cluster.wait("the counted pods are let go") {
                cluster.pods().allSatisfy { $0.meta.finalizers.isEmpty }
            }
        }
    }

    @Test("A failing Job gives up at its back-off limit, and says why")
    func fails() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .jobs,
                """
                {metadata: {name: bad}, spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never,
                  containers: [{name: app, image: shell, args: ['exit 3']}]}}}}
                """)
            try await cluster.wait("the Job has failed") { cluster.get(.jobs, "bad")?.isTrue("Failed") ?? false }
            let job = try #require(cluster.get(.jobs, "bad"))
            #expect(job.condition("Failed")?["reason"]?.string == "BackoffLimitExceeded")
            #expect(job["status", "failed"]?.int == 1)
            try await cluster.wait("an event says so") {
                cluster.events().contains {
                    $0.hasPrefix("BackoffLimitExceeded: Job has reached the specified backoff limit")
                }
            }
        }
    }

    @Test("A CronJob starts a Job when its schedule is due")
    func cron() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .cronJobs,
                """
                {metadata: {name: tick}, spec: {schedule: "@every 1s", concurrencyPolicy: Forbid, jobTemplate: {spec: {template: {spec: {
                  restartPolicy: Never, containers: [{name: app, image: shell, args: ['echo tick']}]}}}}}}
                """)
            try await cluster.wait("a Job of the CronJob is complete") {
                try cluster.cluster.list(.jobs, namespace: "default", labels: [:])
                    .contains { $0.meta.controller?.name == "tick" && $0.isTrue("Complete") }
            }
            #expect(cluster.get(.cronJobs, "tick")?["status", "lastScheduleTime"]?.string != nil)
            try await cluster.wait("an event says so") {
                cluster.events().contains { $0.hasPrefix("SuccessfulCreate: Created job tick-") }
            }
        }
    }
}
