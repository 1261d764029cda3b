import K8sClient
import Testing

@testable import devcluster

@Suite("What a Deployment's controller decides")
struct DeploymentPlanTests {
    private static let now = KubernetesTime(seconds: 1_800_000_000)

    private static func deployment(
        _ replicas: Int, image: String = "a", surge: JSONValue = "25%", unavailable: JSONValue = "25%",
        strategy: JSONValue = "RollingUpdate"
    ) -> JSONValue {
        [
            "metadata": ["name": "d", "namespace": "n", "uid": "1", "generation": 4],
            "spec": [
                "replicas": JSONValue(replicas), "selector": ["matchLabels": ["app": "d"]],
                "strategy": ["type": strategy, "rollingUpdate": ["maxSurge": surge, "maxUnavailable": unavailable]],
                "template": [
                    "metadata": ["labels": ["app": "d"]],
                    "spec": ["containers": [["name": "c", "image": .string(image)]]],
                ],
            ],
        ]
    }

    /// A ReplicaSet as the controller makes it, with the counts that its status has.
    private static func set(
        of deployment: JSONValue, _ replicas: Int, available: Int, revision: Int, desired: Int? = nil
    ) -> JSONValue {
        let spec = DeploymentSpec(deployment)
        var set = spec.replicaSet(
            hash: GeneratedName.hash(of: spec.template, collisions: 0), replicas: replicas, revision: revision)
        set["metadata", "creationTimestamp"] = .string((now + revision).description)
        set["status"] = [
            "replicas": JSONValue(replicas), "availableReplicas": JSONValue(available),
            "readyReplicas": JSONValue(available),
        ]
        if let desired {
            set["metadata", "annotations", ReplicaSetView.desiredAnnotation] = .string(String(desired))
        }
        return set
    }

    private static func scales(_ plan: DeploymentPlan) -> [Int] {
        plan.actions.compactMap { if case .scale(_, _, let to) = $0 { to } else { nil } }
    }

    @Test("maxSurge percentages round up, maxUnavailable percentages down, and both are never 0 together")
    func rounding() {
        let spec = DeploymentSpec(Self.deployment(10))
        #expect(spec.maxSurge == 3)
        #expect(spec.maxUnavailable == 2)
        let none = DeploymentSpec(Self.deployment(3, surge: 0, unavailable: "10%"))
        #expect(none.maxSurge == 0)
        #expect(none.maxUnavailable == 1)
        #expect(DeploymentSpec(Self.deployment(2, surge: 1, unavailable: 5)).maxUnavailable == 2)
    }

    @Test("A new Deployment gets one ReplicaSet with all replicas, revision 1 and the hash in its selector and labels")
    func first() throws {
        let plan = DeploymentPlan(Self.deployment(3), replicaSets: [], oldPods: { _ in 0 }, now: Self.now)
        guard case .createReplicaSet(let set)? = plan.actions.first, plan.actions.count == 1 else {
            Issue.record("\(plan.actions)")
            return
        }
        let hash = try #require(set["spec", "selector", "matchLabels", "pod-template-hash"]?.string)
        #expect(set.meta.name == "d-\(hash)")
        #expect(set["spec", "replicas"]?.int == 3)
        #expect(set["spec", "template", "metadata", "labels", "pod-template-hash"]?.string == hash)
        #expect(set.meta.annotations["deployment.kubernetes.io/revision"] == "1")
        #expect(plan.conditions["Progressing"]?["reason"]?.string == "NewReplicaSetCreated")
    }

    @Test(
        "A rolling update starts with the surge, gives up as many old pods as became available, and ends at the new set"
    )
    func rolling() {
        let old = Self.deployment(4, image: "a", surge: 1, unavailable: 1)
        let new = Self.deployment(4, image: "b", surge: 1, unavailable: 1)
        func plan(_ oldReplicas: Int, _ oldAvailable: Int, _ newReplicas: Int, _ newAvailable: Int) -> [Int] {
            Self.scales(
                DeploymentPlan(
                    new,
                    replicaSets: [
                        Self.set(of: old, oldReplicas, available: oldAvailable, revision: 1),
                        Self.set(of: new, newReplicas, available: newAvailable, revision: 2),
                    ], oldPods: { _ in 0 }, now: Self.now))
        }
        #expect(plan(4, 4, 1, 0) == [3])  // one may be unavailable
        #expect(plan(3, 3, 1, 0) == [2])  // room for one more of the new
        #expect(plan(3, 3, 2, 0) == [])  // nothing until one of them is available
        #expect(plan(3, 3, 2, 2) == [1])
        #expect(plan(1, 1, 4, 3) == [0])
        #expect(plan(0, 0, 4, 4) == [])
    }

    @Test("Old replicas that are not available go first")
    func unhealthyFirst() {
        let old = Self.deployment(3, image: "broken", surge: 1, unavailable: 0)
        let new = Self.deployment(3, image: "b", surge: 1, unavailable: 0)
        let plan = DeploymentPlan(
            new,
            replicaSets: [
                Self.set(of: old, 1, available: 0, revision: 2),
                Self.set(of: Self.deployment(3, image: "a", surge: 1, unavailable: 0), 3, available: 3, revision: 1),
                Self.set(of: new, 0, available: 0, revision: 3),
            ], oldPods: { _ in 0 }, now: Self.now)
        #expect(Self.scales(plan) == [0])
    }

    @Test("Recreate makes the new pods only when the old ones are gone")
    func recreate() {
        let old = Self.deployment(2, image: "a", strategy: "Recreate")
        let new = Self.deployment(2, image: "b", strategy: "Recreate")
        let first = DeploymentPlan(
            new, replicaSets: [Self.set(of: old, 2, available: 2, revision: 1)], oldPods: { _ in 2 }, now: Self.now)
        #expect(Self.scales(first) == [0])
        let gone = Self.set(of: old, 0, available: 0, revision: 1)
        let waiting = DeploymentPlan(new, replicaSets: [gone], oldPods: { _ in 1 }, now: Self.now)
        #expect(waiting.actions.isEmpty)
        let last = DeploymentPlan(new, replicaSets: [gone], oldPods: { _ in 0 }, now: Self.now)
        #expect(last.actions.count == 1)
    }

    @Test("A template that was used before takes its ReplicaSet again, as the newest revision")
    func rollback() {
        let a = Self.deployment(1, image: "a")
        let b = Self.deployment(1, image: "b")
        let plan = DeploymentPlan(
            a,
            replicaSets: [
                Self.set(of: a, 0, available: 0, revision: 1), Self.set(of: b, 1, available: 1, revision: 2),
            ], oldPods: { _ in 0 }, now: Self.now)
        #expect(plan.actions.contains { if case .setRevision(_, 3) = $0 { true } else { false } })
        #expect(plan.revision == 3)
        #expect(!plan.actions.contains { if case .createReplicaSet = $0 { true } else { false } })
    }

    @Test("Scaling in the middle of a rollout is shared in proportion")
    func proportional() {
        let old = Self.deployment(10, image: "a", surge: 0, unavailable: 2)
        var new = Self.deployment(10, image: "b", surge: 0, unavailable: 2)
        let sets = [
            Self.set(of: old, 5, available: 5, revision: 1), Self.set(of: new, 5, available: 5, revision: 2),
        ]
        new["spec", "replicas"] = 20
        let plan = DeploymentPlan(new, replicaSets: sets, oldPods: { _ in 0 }, now: Self.now)
        #expect(Self.scales(plan).sorted() == [10, 10])
    }

    @Test("Old ReplicaSets beyond revisionHistoryLimit go, the oldest first")
    func history() {
        var current = Self.deployment(1, image: "z")
        current["spec", "revisionHistoryLimit"] = 1
        let sets = (1...3).map {
            Self.set(of: Self.deployment(1, image: "v\($0)"), 0, available: 0, revision: $0)
        }
        let plan = DeploymentPlan(
            current, replicaSets: sets + [Self.set(of: current, 1, available: 1, revision: 4)], oldPods: { _ in 0 },
            now: Self.now)
        #expect(plan.actions == [.delete(sets[0].meta.name), .delete(sets[1].meta.name)])
    }

    @Test("A rollout without progress for its deadline is reported, and a paused one has no deadline")
    func deadline() {
        var deployment = Self.deployment(2)
        deployment["spec", "progressDeadlineSeconds"] = 60
        deployment["status"] = [
            "replicas": 2, "updatedReplicas": 2,
            "conditions": [
                [
                    "type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated",
                    "lastUpdateTime": .string((Self.now + -61).description),
                ]
            ],
        ]
        func progress(_ deployment: JSONValue) -> String? {
            let set = Self.set(of: deployment, 2, available: 0, revision: 1)
            let plan = DeploymentPlan(deployment, replicaSets: [set], oldPods: { _ in 0 }, now: Self.now)
            let counts = DeploymentStatus(plan.deployment, all: [ReplicaSetView(set)], new: ReplicaSetView(set))
            let status: JSONValue = ["status": counts.status(plan.conditions, now: Self.now).status]
            return status.condition("Progressing")?["reason"]?.string
        }
        #expect(progress(deployment) == "ProgressDeadlineExceeded")
        deployment["spec", "paused"] = true
        #expect(progress(deployment) == "DeploymentPaused")
    }
}
