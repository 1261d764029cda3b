import FoundationEssentials
import K8sClient
import Testing

@testable import devcluster

@Suite("StatefulSets, claims and names that run", .serialized)
struct NodeStatefulTests {
    private static func set(replicas: Int = 2, image: String = "shell:1", _ more: String = "") -> String {
        """
        {metadata: {name: db}, spec: {serviceName: db, replicas: \(replicas), selector: {matchLabels: {app: db}}, \(more)
          template: {metadata: {labels: {app: db}}, spec: {terminationGracePeriodSeconds: 1, containers: [{
            name: app, image: "\(image)", args: ['echo "$HOSTNAME" >> /data/starts; exec sleep 1000'],
            volumeMounts: [{name: data, mountPath: /data}]}]}},
          volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce],
            resources: {requests: {storage: 1Gi}}}}]}}
        """
    }

    private static func folder(_ cluster: RunningCluster, _ claim: String) throws -> String {
        let name = try #require(cluster.get(.persistentVolumeClaims, claim)?["spec", "volumeName"]?.string)
        let volume = try cluster.cluster.get(.persistentVolumes, namespace: nil, name: name)
        return try #require(volume["spec", "hostPath", "path"]?.string)
    }

    private static func isAvailable(_ cluster: RunningCluster, _ count: Int) -> Bool {
        let set = cluster.get(.statefulSets, "db")
        return set?["status", "availableReplicas"]?.int == count && set?["status", "replicas"]?.int == count
            && set?["status", "observedGeneration"] == set?["metadata", "generation"]
            && set?["status", "currentRevision"] == set?["status", "updateRevision"]
    }

    @Test("Pods come in order with claims of their own, find each other by name, are updated, and keep their data")
    func lives() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .services, "{metadata: {name: db}, spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}}")
            try cluster.create(.statefulSets, Self.set())
            try await cluster.wait("both pods are available", seconds: 60) { Self.isAvailable(cluster, 2) }
            let created = ["db-0", "db-1"].compactMap { cluster.get(.pods, $0)?.meta.created }
            #expect(created.count == 2 && created[0] <= created[1])

            try cluster.create(
                .pods,
                """
                {metadata: {name: asks}, spec: {restartPolicy: Never, containers: [{name: app, image: shell, args: ['
                  for name in db-0.db db-1.db.default db-0.db.default.svc db-1.db.default.svc.cluster.local; do
                    until getent hosts $name; do sleep 0.1; done; done']}]}}
                """)
            let asked = try await cluster.pod("asks", "has resolved all names", seconds: 60) {
                $0["status", "phase"] == "Succeeded"
            }
            let addresses = try await cluster.log(asked, "app").split(separator: "\n").compactMap {
                $0.split(separator: " ").first.map(String.init)
            }
            let known = ["db-0", "db-1"].map { cluster.get(.pods, $0)?["status", "podIP"]?.string ?? "" }
            #expect(addresses == [known[0], known[1], known[0], known[1]])

            let update = try #require(try YAML.parse(Self.set(image: "shell:2")).first).value
            try cluster.cluster.update(
                .statefulSets, namespace: "default", name: "db", subresource: nil, manager: "test"
            ) { $0["spec", "template"] = update["spec", "template"] }
            try await cluster.wait("both pods are of the new template", seconds: 60) {
                Self.isAvailable(cluster, 2)
                    && cluster.pods(["app": "db"]).allSatisfy {
                        $0.items("spec", "containers").first?["image"] == "shell:2"
                    }
            }
            for name in ["db-0", "db-1"] {
                let starts = try String(
                    contentsOfFile: try Self.folder(cluster, "data-\(name)") + "/starts", encoding: .utf8)
                #expect(starts == "\(name)\n\(name)\n")
            }
            let revisions = try cluster.cluster.list(.controllerRevisions, namespace: "default", labels: [:])
            #expect(revisions.compactMap { $0["revision"]?.int }.sorted() == [1, 2])

            try cluster.cluster.update(
                .statefulSets, namespace: "default", name: "db", subresource: nil, manager: "test"
            ) { $0["spec", "replicas"] = 1 }
            try await cluster.wait("only the first is left", seconds: 60) {
                Self.isAvailable(cluster, 1) && cluster.get(.pods, "db-1") == nil
            }
            #expect(cluster.get(.persistentVolumeClaims, "data-db-1")?["status", "phase"] == "Bound")
        }
    }

    @Test("Claims go with the pods and the set when the policy says so, and their folders with them")
    func retention() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .statefulSets,
                Self.set("persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete},"))
            try await cluster.wait("both pods are available", seconds: 60) { Self.isAvailable(cluster, 2) }
            let folders = [try Self.folder(cluster, "data-db-0"), try Self.folder(cluster, "data-db-1")]
            #expect(folders.allSatisfy { FileManager.default.fileExists(atPath: $0) })
            try cluster.cluster.update(
                .statefulSets, namespace: "default", name: "db", subresource: nil, manager: "test"
            ) { $0["spec", "replicas"] = 1 }
            try await cluster.wait("the second pod's claim and folder are gone", seconds: 60) {
                cluster.get(.persistentVolumeClaims, "data-db-1") == nil
                    && !FileManager.default.fileExists(atPath: folders[1])
            }
            try cluster.cluster.delete(
                .statefulSets, namespace: "default", name: "db", Deletion(propagation: .background))
            try await cluster.wait("everything is gone", seconds: 60) {
                try cluster.get(.persistentVolumeClaims, "data-db-0") == nil
                    && !FileManager.default.fileExists(atPath: folders[0])
                    && cluster.cluster.list(.persistentVolumes, namespace: nil, labels: [:]).isEmpty
            }
        }
    }

    @Test("A claim in use stays until its pod is gone; a retained volume stays with its data, released")
    func protection() async throws {
        try await RunningCluster.run { cluster in
            var storageClass = FolderProvisioner.standardClass
            storageClass["metadata"] = ["name": "kept"]
            storageClass["reclaimPolicy"] = "Retain"
            storageClass["volumeBindingMode"] = "WaitForFirstConsumer"
            storageClass["allowVolumeExpansion"] = nil
            _ = try cluster.cluster.create(.storageClasses, storageClass, manager: "test")
            try cluster.create(
                .persistentVolumeClaims,
                """
                {metadata: {name: c}, spec: {storageClassName: kept, accessModes: [ReadWriteOnce],
                  resources: {requests: {storage: 1Gi}}}}
                """)
            try await cluster.wait("it waits for its first pod") {
                cluster.events().contains { $0.hasPrefix("WaitForFirstConsumer: ") }
            }
            #expect(cluster.get(.persistentVolumeClaims, "c")?["status", "phase"] == "Pending")
            try cluster.create(
                .pods,
                """
                {metadata: {name: p}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: app, image: shell,
                  args: ['echo kept > /d/file; exec sleep 1000'], volumeMounts: [{name: v, mountPath: /d}]}],
                  volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]}}
                """)
            _ = try await cluster.pod("p", "runs") { $0.isTrue("Ready") }
            let folder = try Self.folder(cluster, "c")
            try await cluster.wait("the pod has written") { FileManager.default.fileExists(atPath: folder + "/file") }

            #expect {
                try cluster.cluster.update(
                    .persistentVolumeClaims, namespace: "default", name: "c", subresource: nil, manager: "test"
                ) { $0["spec", "resources", "requests", "storage"] = "2Gi" }
            } throws: {
                ($0 as? StatusError)?.message.contains("only dynamically provisioned pvc can be resized") == true
            }

            let volume = try #require(cluster.get(.persistentVolumeClaims, "c")?["spec", "volumeName"]?.string)
            try cluster.cluster.delete(.persistentVolumeClaims, namespace: "default", name: "c", Deletion())
            #expect(cluster.get(.persistentVolumeClaims, "c")?.meta.isDeleting == true)
            try cluster.create(
                .pods,
                """
                {metadata: {name: late}, spec: {containers: [{name: app, image: shell, args: ['sleep 1']}],
                  volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]}}
                """)
            try await cluster.wait("a new pod is refused") {
                cluster.events().contains { $0.contains("persistentvolumeclaim \"c\" is being deleted") }
            }
            try cluster.cluster.delete(.pods, namespace: "default", name: "p", Deletion())
            try await cluster.wait("the claim goes after its pod") {
                cluster.get(.persistentVolumeClaims, "c") == nil
            }
            try await cluster.wait("the volume is released") {
                try cluster.cluster.get(.persistentVolumes, namespace: nil, name: volume)["status", "phase"]
                    == "Released"
            }
            #expect(try String(contentsOfFile: folder + "/file", encoding: .utf8) == "kept\n")
        }
    }

    @Test("A pod waits for its claim, a claim for a volume; both are told why, and go on when it is there")
    func waits() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                """
                {metadata: {name: p}, spec: {containers: [{name: app, image: shell, args: ['exec sleep 1000'],
                  volumeMounts: [{name: v, mountPath: /d}]}], volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]}}
                """)
            try await cluster.wait("the scheduler misses the claim") {
                cluster.events().contains { $0.contains("persistentvolumeclaim \"c\" not found") }
            }
            #expect(cluster.get(.pods, "p")?["status", "phase"] == "Pending")
            try cluster.create(
                .persistentVolumeClaims,
                """
                {metadata: {name: c}, spec: {storageClassName: "", accessModes: [ReadWriteOnce],
                  resources: {requests: {storage: 1Gi}}}}
                """)
            try await cluster.wait("the claim misses a volume, and the pod the claim's") {
                cluster.events().contains { $0.hasPrefix("FailedBinding: no persistent volumes available") }
                    && cluster.events().contains { $0.contains("pod has unbound immediate PersistentVolumeClaims") }
            }
            let path = cluster.directory + "/by-hand"
            _ = try cluster.cluster.create(
                .persistentVolumes,
                [
                    "metadata": ["name": "by-hand"],
                    "spec": [
                        "capacity": ["storage": "5Gi"], "accessModes": ["ReadWriteOnce"],
                        "hostPath": ["path": .string(path), "type": "DirectoryOrCreate"],
                    ],
                ], manager: "test")
            _ = try await cluster.pod("p", "runs", seconds: 60) { $0.isTrue("Ready") }
            #expect(cluster.get(.persistentVolumeClaims, "c")?["status", "capacity", "storage"] == "5Gi")
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("A claim of the standard class grows; a volume that is bound does not go before its claim")
    func grows() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .persistentVolumeClaims,
                "{metadata: {name: c}, spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}")
            try await cluster.wait("it is bound") {
                cluster.get(.persistentVolumeClaims, "c")?["status", "phase"] == "Bound"
            }
            let claim = try #require(cluster.get(.persistentVolumeClaims, "c"))
            #expect(claim["spec", "storageClassName"] == "standard")
            #expect(claim["status", "accessModes"] == ["ReadWriteMany"])
            try cluster.cluster.update(
                .persistentVolumeClaims, namespace: "default", name: "c", subresource: nil, manager: "test"
            ) { $0["spec", "resources", "requests", "storage"] = "3Gi" }
            try await cluster.wait("it is larger") {
                cluster.get(.persistentVolumeClaims, "c")?["status", "capacity", "storage"] == "3Gi"
            }
            for (path, value) in [("storage", JSONValue.string("2Gi")), ("modes", ["ReadWriteOnce"])] {
                #expect(throws: StatusError.self) {
                    try cluster.cluster.update(
                        .persistentVolumeClaims, namespace: "default", name: "c", subresource: nil, manager: "test"
                    ) {
                        if path == "modes" {
                            $0["spec", "accessModes"] = value
                        } else {
                            $0["spec", "resources", "requests", "storage"] = value
                        }
                    }
                }
            }
            let volume = try #require(claim["spec", "volumeName"]?.string)
            try cluster.cluster.delete(.persistentVolumes, namespace: nil, name: volume, Deletion())
            #expect(try cluster.cluster.get(.persistentVolumes, namespace: nil, name: volume).meta.isDeleting)
            #expect(cluster.get(.persistentVolumeClaims, "c")?["status", "phase"] == "Bound")
            try cluster.cluster.delete(.persistentVolumeClaims, namespace: "default", name: "c", Deletion())
            try await cluster.wait("both are gone") {
                try cluster.cluster.find(.persistentVolumes, ObjectKey(namespace: "", name: volume)) == nil
            }
        }
    }

    @Test("Pods without an owner become the StatefulSet's that their names and labels fit")
    func adopts() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(.statefulSets, Self.set(replicas: 1))
            try await cluster.wait("the pod is available", seconds: 60) { Self.isAvailable(cluster, 1) }
            let uid = cluster.get(.pods, "db-0")?.meta.uid
            try cluster.cluster.delete(.statefulSets, namespace: "default", name: "db", Deletion(propagation: .orphan))
            try await cluster.wait("the set is gone and the pod is nobody's") {
                cluster.get(.statefulSets, "db") == nil && cluster.get(.pods, "db-0")?.meta.controller == nil
            }
            let again = try cluster.create(.statefulSets, Self.set(replicas: 1))
            try await cluster.wait("the pod is the new set's") {
                cluster.get(.pods, "db-0")?.meta.controller?.uid == again.meta.uid && Self.isAvailable(cluster, 1)
            }
            #expect(cluster.get(.pods, "db-0")?.meta.uid == uid)
        }
    }
}
