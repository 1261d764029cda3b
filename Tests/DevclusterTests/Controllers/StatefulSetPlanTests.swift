import K8sClient
import Testing

@testable import devcluster

@Suite("What a StatefulSet's controller decides")
struct StatefulSetPlanTests {
    private static let now = KubernetesTime(seconds: 1_800_000_000)

    private static func set(_ spec: String) throws -> StatefulSetSpec {
        let text = """
            {metadata: {name: db, namespace: n, uid: u, generation: 3}, spec: {serviceName: db, \(spec),
              selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: []}},
              volumeClaimTemplates: [{metadata: {name: data, labels: {kept: yes-it-is}}, spec: {accessModes: [ReadWriteOnce]}}]}}
            """
        return StatefulSetSpec(try #require(try YAML.parse(text).first).value)
    }

    /// A pod: its ordinal, its revision and how it is: `ready`, `running`, `leaving` or `failed`.
    private static func pod(_ ordinal: Int, _ revision: String = "old", _ state: String = "ready") -> JSONValue {
        var pod: JSONValue = [
            "metadata": ["name": .string("db-\(ordinal)"), "labels": ["controller-revision-hash": .string(revision)]],
            "status": [
                "phase": state == "failed" ? "Failed" : "Running",
                "conditions": [
                    [
                        "type": "Ready", "status": state == "ready" ? "True" : "False",
                        "lastTransitionTime": .string((now + -5).description),
                    ]
                ],
            ],
        ]
        if state == "leaving" { pod["metadata", "deletionTimestamp"] = .string(now.description) }
        return pod
    }

    private static func plan(_ spec: String, _ pods: [JSONValue], update: String = "old") throws -> StatefulSetPlan {
        StatefulSetPlan(try set(spec), pods: pods, current: "old", update: update, now: now)
    }

    @Test("In order: a pod is made only when all before it are available, and only one at a time")
    func ordered() throws {
        #expect(try Self.plan("replicas: 3", []).actions == [.create(0, isUpdate: true)])
        #expect(try Self.plan("replicas: 3", [Self.pod(0, "old", "running")]).actions == [])
        #expect(try Self.plan("replicas: 3", [Self.pod(0)]).actions == [.create(1, isUpdate: true)])
        #expect(try Self.plan("replicas: 3", [Self.pod(0, "old", "leaving"), Self.pod(1)]).actions == [])
        let slow = try Self.plan("replicas: 2, minReadySeconds: 30", [Self.pod(0)])
        #expect(slow.actions == [])
        #expect(slow.again == 25)
    }

    @Test("In parallel: all pods come and go at once, also those that failed")
    func parallel() throws {
        let policy = "podManagementPolicy: Parallel"
        #expect(
            try Self.plan("replicas: 2, \(policy)", []).actions == [
                .create(0, isUpdate: true), .create(1, isUpdate: true),
            ])
        #expect(
            try Self.plan("replicas: 1, \(policy)", [Self.pod(0, "old", "failed"), Self.pod(1), Self.pod(2)]).actions
                == [.delete("db-0"), .delete("db-2"), .delete("db-1")])
    }

    @Test("Scaling down takes the highest first, and waits for each to be gone")
    func shrinks() throws {
        let pods = [Self.pod(0), Self.pod(1), Self.pod(2)]
        #expect(try Self.plan("replicas: 1", pods).actions == [.delete("db-2")])
        #expect(try Self.plan("replicas: 1", [Self.pod(0), Self.pod(1), Self.pod(2, "old", "leaving")]).actions == [])
        // One that is not ready below keeps the healthy one above it; the broken one itself may go.
        #expect(
            try Self.plan("replicas: 1", [Self.pod(0), Self.pod(1, "old", "running"), Self.pod(2)]).actions == [
                .delete("db-2")
            ])
        #expect(
            try Self.plan("replicas: 1", [Self.pod(0), Self.pod(1, "old", "running")]).actions == [.delete("db-1")])
    }

    @Test("An update goes from the highest to the partition, one after the other")
    func rolls() throws {
        let pods = [Self.pod(0), Self.pod(1), Self.pod(2)]
        #expect(try Self.plan("replicas: 3", pods, update: "new").actions == [.delete("db-2")])
        #expect(
            try Self.plan("replicas: 3", [Self.pod(0), Self.pod(1)], update: "new").actions
                == [.create(2, isUpdate: true)])
        #expect(
            try Self.plan("replicas: 3", [Self.pod(0), Self.pod(1), Self.pod(2, "new")], update: "new").actions
                == [.delete("db-1")])
        let partition = "updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}"
        #expect(
            try Self.plan("replicas: 3, \(partition)", [Self.pod(0), Self.pod(1), Self.pod(2, "new")], update: "new")
                .actions == [])
        #expect(
            try Self.plan("replicas: 3, \(partition)", [Self.pod(0)], update: "new").actions
                == [.create(1, isUpdate: false)])
        let two =
            "podManagementPolicy: Parallel, updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 2}}"
        #expect(
            try Self.plan("replicas: 3, \(two)", pods, update: "new").actions == [.delete("db-2"), .delete("db-1")])
    }

    @Test("OnDelete leaves running pods alone, and makes those that are missing from the new template")
    func onDelete() throws {
        let policy = "updateStrategy: {type: OnDelete}"
        #expect(try Self.plan("replicas: 2, \(policy)", [Self.pod(0), Self.pod(1)], update: "new").actions == [])
        #expect(
            try Self.plan("replicas: 2, \(policy)", [Self.pod(0)], update: "new").actions
                == [.create(1, isUpdate: true)])
    }

    @Test("The status counts the pods of either revision, and the new one is the current when all are of it")
    func status() throws {
        let half = try Self.plan("replicas: 2", [Self.pod(0), Self.pod(1, "new", "running")], update: "new").status()
        #expect(
            half == [
                "observedGeneration": 3, "replicas": 2, "readyReplicas": 1, "availableReplicas": 1,
                "currentReplicas": 1, "updatedReplicas": 1, "currentRevision": "old", "updateRevision": "new",
                "collisionCount": 0,
            ])
        let whole = try Self.plan("replicas: 2", [Self.pod(0, "new"), Self.pod(1, "new")], update: "new").status()
        #expect(whole["currentRevision"] == "new" && whole["currentReplicas"] == 2)
        let none = try Self.plan("replicas: 0", []).status()
        #expect(none["replicas"] == 0 && none["availableReplicas"] == 0 && none["readyReplicas"] == nil)
    }

    @Test("A pod has its stable names, its revision and its own claims")
    func pods() throws {
        let set = try Self.set("replicas: 1, ordinals: {start: 5}")
        #expect(set.ordinals == 5..<6)
        let template: JSONValue = [
            "metadata": ["labels": ["app": "db"]],
            "spec": [
                "containers": [], "volumes": [["name": "data", "emptyDir": [:]], ["name": "more", "emptyDir": [:]]],
            ],
        ]
        let pod = set.pod(5, template: template, revision: "db-abc")
        #expect(pod.meta.name == "db-5" && pod.meta.generateName == "db-")
        #expect(
            pod.meta.labels == [
                "app": "db", "statefulset.kubernetes.io/pod-name": "db-5", "apps.kubernetes.io/pod-index": "5",
                "controller-revision-hash": "db-abc",
            ])
        #expect(pod["spec", "hostname"] == "db-5" && pod["spec", "subdomain"] == "db")
        #expect(
            pod["spec", "volumes"] == [
                ["name": "data", "persistentVolumeClaim": ["claimName": "data-db-5"]],
                ["name": "more", "emptyDir": [:]],
            ])
        let claim = try #require(set.claims(5).first)
        #expect(claim.meta.name == "data-db-5" && claim.meta.labels == ["app": "db", "kept": "yes-it-is"])
        #expect(set.ordinal(of: "db-05") == nil && set.ordinal(of: "db-x") == nil && set.ordinal(of: "db-12") == 12)
    }

    @Test("A template that comes back is its old revision with a new number; the history is bounded")
    func revisions() throws {
        let first = try Self.set("replicas: 1")
        let one = StatefulSetRevisions(first, [])
        guard case .create(let revision)? = one.action else { throw MissingAction() }
        #expect(revision["revision"] == 1)
        #expect(revision["data", "spec", "template", "$patch"] == "replace")
        #expect(StatefulSetRevisions.template(revision) == first.object["spec", "template"])
        #expect(StatefulSetRevisions(first, [revision]).action == nil)

        var changed = first.object
        changed["spec", "template", "metadata", "annotations", "a"] = "b"
        changed["status", "currentRevision"] = .string(revision.meta.name)
        let two = StatefulSetRevisions(StatefulSetSpec(changed), [revision])
        guard case .create(let other)? = two.action else { throw MissingAction() }
        #expect(other["revision"] == 2 && other.meta.name != revision.meta.name)
        #expect(two.current.meta.name == revision.meta.name && two.update.meta.name == other.meta.name)

        let back = StatefulSetRevisions(first, [revision, other])
        #expect(back.action == .renumber(revision.meta.name, 3))
        #expect(back.surplus(inUse: [], limit: 0) == [other.meta.name])
        #expect(back.surplus(inUse: [other.meta.name], limit: 0) == [])
    }

    private struct MissingAction: Error {}

    @Test("Claims belong to whom the retention policy says")
    func retention() throws {
        func owner(_ deleted: String, _ scaled: String, isSurplus: Bool) throws -> ClaimOwner {
            ClaimOwner(
                try Self.set(
                    "replicas: 1, persistentVolumeClaimRetentionPolicy: {whenDeleted: \(deleted), whenScaled: \(scaled)}"
                ),
                isSurplus: isSurplus)
        }
        #expect(try owner("Retain", "Retain", isSurplus: true) == .nobody)
        #expect(try owner("Delete", "Retain", isSurplus: true) == .set)
        #expect(try owner("Retain", "Delete", isSurplus: false) == .nobody)
        #expect(try owner("Delete", "Delete", isSurplus: false) == .set)
        #expect(try owner("Delete", "Delete", isSurplus: true) == .pod)
        let set = try Self.set("replicas: 1").object
        let foreign: JSONValue = ["kind": "ConfigMap", "name": "c", "uid": "c"]
        let references = ClaimOwner.set.references([foreign], set: set, pod: nil)
        #expect(references.count == 2)
        #expect(ClaimOwner.nobody.references(references, set: set, pod: nil) == [foreign])
    }
}
