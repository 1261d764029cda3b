import K8sClient
import Logging
import Testing

@testable import devcluster

/// What the server fills in and refuses for StatefulSets, claims, volumes, budgets and autoscalers.
@Suite struct WorkloadKindTests {
    private let registry: Registry

    init() throws {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        registry = Registry(store: ClusterStore(), kinds: KindCatalog(BuiltInKinds.all), logger: logger)
        _ = try registry.create(
            GroupResource("", "namespaces"),
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "default"]], manager: "test")
    }

    @discardableResult
    private func create(_ resource: GroupResource, _ yaml: String) throws -> JSONValue {
        var object = try #require(try YAML.parse(yaml).first).value
        if registry.kinds.stored(resource)?.isNamespaced == true {
            object["metadata", "namespace"] = "default"
        }
        return try registry.create(resource, object, manager: "test")
    }

    /// The causes of a refusal, as `FIELD: MESSAGE`.
    private func refusal(_ resource: GroupResource, _ yaml: String) -> [String] {
        do {
            _ = try create(resource, yaml)
            return []
        } catch let error as StatusError {
            return (error.details?["causes"]?.array ?? []).map {
                "\($0["field"]?.string ?? ""): \($0["message"]?.string ?? "")"
            }
        } catch {
            return ["\(error)"]
        }
    }

    private static let template =
        "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i, volumeMounts: [{name: data, mountPath: /d}]}]}}"

    @Test("a StatefulSet gets its defaults, may mount its claim templates, and keeps what may not change")
    func statefulSet() throws {
        let set = try create(
            .statefulSets,
            """
            {metadata: {name: s}, spec: {\(Self.template), volumeClaimTemplates: [{metadata: {name: data},
              spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}]}}
            """)
        #expect(set["spec", "replicas"] == 1 && set["spec", "podManagementPolicy"] == "OrderedReady")
        #expect(set["spec", "updateStrategy"] == ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]])
        #expect(
            set["spec", "persistentVolumeClaimRetentionPolicy"] == ["whenDeleted": "Retain", "whenScaled": "Retain"])
        #expect(set["status"] == ["replicas": 0, "availableReplicas": 0])
        let claim = set["spec", "volumeClaimTemplates"]?.array?.first
        #expect(claim?["kind"] == "PersistentVolumeClaim" && claim?["status", "phase"] == "Pending")
        #expect {
            try registry.update(
                .statefulSets, namespace: "default", name: "s", subresource: nil, manager: "test"
            ) { $0["spec", "serviceName"] = "other" }
        } throws: {
            ($0 as? StatusError)?.message.contains("updates to statefulset spec for fields other than 'replicas'")
                == true
        }
        #expect(
            refusal(
                .statefulSets,
                "{metadata: {name: t}, spec: {\(Self.template.replacing("volumeMounts: [{name: data, mountPath: /d}]", with: "ports: []")), podManagementPolicy: Never, updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}}}"
            ).map { $0.split(separator: ":")[0] } == ["spec.podManagementPolicy", "spec.updateStrategy.rollingUpdate"])
    }

    @Test("a claim gets the newest default class and protection, and is refused without mode or size")
    func claims() throws {
        for (name, isDefault) in [("plain", "false"), ("first", "true")] {
            try create(
                .storageClasses,
                """
                {metadata: {name: \(name), annotations: {storageclass.kubernetes.io/is-default-class: "\(isDefault)"}},
                  provisioner: x/y}
                """)
        }
        let claim = try create(
            .persistentVolumeClaims,
            "{metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}")
        #expect(claim["spec", "storageClassName"] == "first" && claim["spec", "volumeMode"] == "Filesystem")
        #expect(claim.meta.finalizers == ["kubernetes.io/pvc-protection"])
        #expect(claim["status"] == ["phase": "Pending"])
        #expect(
            refusal(
                .persistentVolumeClaims, "{metadata: {name: d}, spec: {accessModes: [Sometimes], volumeMode: Tape}}")
                == [
                    #"spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod""#,
                    #"spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem""#,
                    "spec.resources[storage]: Required value",
                ])
        #expect {
            try registry.update(
                .persistentVolumeClaims, namespace: "default", name: "c", subresource: nil, manager: "test"
            ) { $0["spec", "resources", "requests", "storage"] = "2Gi" }
        } throws: {
            ($0 as? StatusError)?.message
                == #"persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded"#
        }
    }

    @Test("a volume names exactly one kind of storage, which stays")
    func volumes() throws {
        let spec = "capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce]"
        #expect(
            refusal(.persistentVolumes, "{metadata: {name: v}, spec: {\(spec)}}")
                == ["spec: Required value: must specify a volume type"])
        #expect(
            refusal(
                .persistentVolumes,
                "{metadata: {name: v}, spec: {\(spec), hostPath: {path: /a}, local: {path: /b}}}")
                == [
                    "spec.local: Forbidden: may not specify more than 1 volume type",
                    "spec.nodeAffinity: Required value: Local volume requires node affinity",
                ])
        let volume = try create(
            .persistentVolumes, "{metadata: {name: v}, spec: {\(spec), hostPath: {path: /a}}}")
        #expect(volume["spec", "persistentVolumeReclaimPolicy"] == "Retain" && volume["status", "phase"] == "Pending")
        #expect(volume.meta.finalizers == ["kubernetes.io/pv-protection"])
        #expect(throws: StatusError.self) {
            try registry.update(.persistentVolumes, namespace: nil, name: "v", subresource: nil, manager: "test") {
                $0["spec", "hostPath", "path"] = "/b"
            }
        }
    }

    @Test("a budget has one bound, an autoscaler bounds in order and metrics with a target")
    func policies() throws {
        #expect(
            refusal(.podDisruptionBudgets, "{metadata: {name: b}, spec: {minAvailable: -1, maxUnavailable: 120%}}")
                .map { $0.split(separator: ":")[0] } == ["spec", "spec.minAvailable", "spec.maxUnavailable"])
        let target = "scaleTargetRef: {kind: Deployment, name: d, apiVersion: apps/v1}"
        #expect(
            refusal(
                .horizontalPodAutoscalers, "{metadata: {name: h}, spec: {\(target), minReplicas: 3, maxReplicas: 2}}")
                == ["spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"])
        #expect(
            refusal(
                .horizontalPodAutoscalers,
                "{metadata: {name: h}, spec: {\(target), maxReplicas: 2, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization}}}]}}"
            ) == [
                "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"
            ])
        let autoscaler = try create(
            .horizontalPodAutoscalers,
            "{metadata: {name: h}, spec: {\(target), maxReplicas: 2, behavior: {scaleDown: {stabilizationWindowSeconds: 60}}}}"
        )
        #expect(autoscaler["spec", "minReplicas"] == 1)
        #expect(autoscaler["spec", "behavior", "scaleDown", "selectPolicy"] == "Max")
        #expect(autoscaler["spec", "behavior", "scaleUp", "policies"]?.array?.count == 2)
    }

    @Test("the first version of autoscalers shows and takes the CPU's share, and loses nothing else")
    func olderAutoscaler() throws {
        let older = try #require(registry.kinds.kind(apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscaler"))
        let newer = try #require(registry.kinds.kind(apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler"))
        _ = try registry.create(
            older, namespace: "default",
            [
                "metadata": ["name": "h"],
                "spec": [
                    "scaleTargetRef": ["kind": "Deployment", "name": "d"], "maxReplicas": 4,
                    "targetCPUUtilizationPercentage": 60,
                ],
            ], WriteOptions(manager: "test"))
        let stored = try registry.get(newer, namespace: "default", name: "h")
        let cpu: JSONValue = [
            "type": "Resource",
            "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 60]],
        ]
        #expect(stored["spec", "metrics"] == [cpu])
        let memory: JSONValue = [
            "type": "Resource",
            "resource": ["name": "memory", "target": ["type": "AverageValue", "averageValue": "1Gi"]],
        ]
        try registry.update(
            .horizontalPodAutoscalers, namespace: "default", name: "h", subresource: nil, manager: "test"
        ) { $0["spec", "metrics"] = [cpu, memory] }
        _ = try registry.update(older, namespace: "default", name: "h", WriteOptions(manager: "test")) { object in
            #expect(object["spec", "targetCPUUtilizationPercentage"] == 60)
            var object = object
            object["spec", "maxReplicas"] = 9
            return Registry.Proposal(object: object)
        }
        let after = try registry.get(newer, namespace: "default", name: "h")
        #expect(after["spec", "metrics"] == [cpu, memory] && after["spec", "maxReplicas"] == 9)
        #expect(after.meta.annotations.isEmpty)
    }
}
