import K8sClient
import Testing

@testable import devcluster

@Suite("Which volume a claim gets")
struct VolumeBindingTests {
    private static func object(_ yaml: String) throws -> JSONValue { try #require(try YAML.parse(yaml).first).value }

    private static func volume(_ name: String, _ size: String, _ more: String = "") throws -> JSONValue {
        try object(
            """
            {metadata: {name: \(name), labels: {disk: \(name)}}, status: {phase: Available},
              spec: {capacity: {storage: \(size)}, accessModes: [ReadWriteOnce, ReadOnlyMany], storageClassName: slow\(more)}}
            """)
    }

    private static func claim(_ more: String = "") throws -> JSONValue {
        try object(
            """
            {metadata: {name: c, namespace: ns, uid: u}, spec: {accessModes: [ReadWriteOnce], storageClassName: slow,
              resources: {requests: {storage: 2Gi}}\(more)}}
            """)
    }

    @Test("The smallest free volume that is large enough and fits in class, modes and labels")
    func choice() throws {
        let volumes = [
            try Self.volume("large", "10Gi"), try Self.volume("fits", "3Gi"), try Self.volume("small", "1Gi"),
            try Self.volume("block", "2Gi", ", volumeMode: Block"),
            try Self.volume("taken", "2Gi", ", claimRef: {namespace: ns, name: other, uid: x}"),
        ]
        #expect(VolumeBinding.choose(volumes, for: try Self.claim())?.meta.name == "fits")
        let selective = try Self.claim(", selector: {matchLabels: {disk: large}}")
        #expect(VolumeBinding.choose(volumes, for: selective)?.meta.name == "large")
        var demanding = try Self.claim()
        demanding["spec", "accessModes"] = ["ReadWriteMany"]
        #expect(VolumeBinding.choose(volumes, for: demanding) == nil)
        demanding = try Self.claim()
        demanding["spec", "storageClassName"] = ""
        #expect(VolumeBinding.choose(volumes, for: demanding) == nil)
    }

    @Test("A volume that is reserved for the claim comes before all others")
    func reservation() throws {
        let volumes = [
            try Self.volume("fits", "3Gi"),
            try Self.volume("reserved", "9Gi", ", claimRef: {namespace: ns, name: c}"),
            try Self.volume("former", "2Gi", ", claimRef: {namespace: ns, name: c, uid: earlier}"),
        ]
        #expect(VolumeBinding.choose(volumes, for: try Self.claim())?.meta.name == "reserved")
    }

    @Test("What is no folder is not provisioned as one")
    func refusals() throws {
        let provisioner = FolderProvisioner(directory: "/volumes")
        let storageClass = FolderProvisioner.standardClass
        for (more, word) in [
            (", volumeMode: Block", "Block"), (", selector: {}", "Selector"), (", dataSource: {}", "source"),
        ] {
            #expect {
                try provisioner.volume(for: try Self.claim(more), class: storageClass)
            } throws: {
                ($0 as? FolderProvisioner.Refusal)?.message.contains(word) == true
            }
        }
        let volume = try provisioner.volume(for: try Self.claim(), class: storageClass)
        #expect(volume["spec", "hostPath", "path"] == "/volumes/pvc-u_ns_c")
        #expect(volume["spec", "capacity", "storage"] == "2Gi")
    }
}

@Suite("Budgets and autoscalers")
struct DisruptionAndScalingTests {
    private static let now = KubernetesTime(seconds: 1_800_000_000)

    private static func pod(_ name: String, isReady: Bool = true) -> JSONValue {
        [
            "metadata": ["name": .string(name)],
            "status": ["conditions": [["type": "Ready", "status": isReady ? "True" : "False"]]],
        ]
    }

    private static func status(_ spec: JSONValue, _ pods: [JSONValue], scale: Int, status: JSONValue = [:]) -> JSONValue
    {
        DisruptionPlan(
            ["metadata": ["generation": 2], "spec": spec, "status": status], pods: pods, scale: scale, now: now
        ).status(now: now)
    }

    @Test("A budget allows what is healthy beyond what has to be, in numbers and in percentages")
    func budgets() {
        let pods = ["a", "b", "c"].map { Self.pod($0) } + [Self.pod("d", isReady: false)]
        func counts(_ spec: JSONValue) -> [Int?] {
            let status = Self.status(spec, pods, scale: 4)
            return ["currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"].map { status[$0]?.int }
        }
        #expect(counts(["minAvailable": 2]) == [3, 2, 1, 4])
        #expect(counts(["minAvailable": "50%"]) == [3, 2, 1, 4])
        #expect(counts(["maxUnavailable": 1]) == [3, 3, 0, 4])
        #expect(counts(["maxUnavailable": "30%"]) == [3, 2, 1, 4])
        let status = Self.status(["maxUnavailable": 1], pods, scale: 4)
        #expect(status.object?["conditions"]?.array?.first?["reason"] == "InsufficientPods")
        #expect(status["observedGeneration"] == 2)
    }

    @Test("A pod whose eviction was granted is not healthy any more, until two minutes have passed without its end")
    func evictions() {
        let pods = ["a", "b"].map { Self.pod($0) }
        let granted: JSONValue = ["disruptedPods": ["a": .string((Self.now + -10).description)]]
        let before = Self.status(["minAvailable": 1], pods, scale: 2, status: granted)
        #expect(before["currentHealthy"] == 1 && before["disruptionsAllowed"] == 0)
        #expect(before["disruptedPods", "a"] != nil)
        let forgotten: JSONValue = ["disruptedPods": ["a": .string((Self.now + -130).description)]]
        let after = Self.status(["minAvailable": 1], pods, scale: 2, status: forgotten)
        #expect(after["currentHealthy"] == 2 && after["disruptedPods"] == nil)
    }

    @Test("An autoscaler keeps its bounds and says which metric it cannot have")
    func autoscaler() {
        let autoscaler: JSONValue = [
            "spec": [
                "minReplicas": 2, "maxReplicas": 4,
                "metrics": [
                    ["type": "Resource", "resource": ["name": "cpu", "target": ["averageUtilization": 80]]]
                ],
            ]
        ]
        func plan(_ replicas: Int) -> AutoscalerPlan {
            AutoscalerPlan(
                autoscaler, target: .scale(["spec": ["replicas": JSONValue(replicas)], "status": ["replicas": 3]]),
                now: Self.now)
        }
        #expect(plan(1).rescale == 2)
        #expect(plan(9).rescale == 4)
        #expect(plan(3).rescale == nil)
        #expect(plan(3).conditions["ScalingActive"]?["reason"] == "FailedGetResourceMetric")
        #expect(plan(0).conditions["ScalingActive"]?["reason"] == "ScalingDisabled")
        #expect(plan(3).status["currentReplicas"] == 3)
        let lost = AutoscalerPlan(autoscaler, target: .failure("not found"), now: Self.now)
        #expect(lost.conditions["AbleToScale"]?["reason"] == "FailedGetScale")
    }
}
