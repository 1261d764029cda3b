import FoundationEssentials
import K8sClient
import Logging
import Testing

@testable import devcluster

/// A cluster's state on disk, in this process.
@Suite struct DataDirectoryTests {
    private let configMaps = GroupResource("", "configmaps")

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path() + "devcluster-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func cluster(_ data: DataDirectory, octet: Int = 96) throws -> EmbeddedCluster {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return try EmbeddedCluster(data: data, serviceOctet: octet, logger: logger)
    }

    private func object(_ kind: String, _ name: String, _ more: JSONValue = [:]) -> JSONValue {
        MergePatch.apply(
            more,
            to: [
                "apiVersion": "v1", "kind": .string(kind),
                "metadata": ["name": .string(name), "namespace": "default"],
            ])
    }

    @Test("objects, versions, uids, addresses, kinds and keys are there again after a restart")
    func restart() async throws {
        try await withFolder { path in
            var before: [JSONValue] = []
            var token = ""
            var version: UInt64 = 0
            do {
                let data = try DataDirectory(path: path)
                let first = try cluster(data)
                let registry = first.registry
                before.append(try registry.create(configMaps, object("ConfigMap", "kept"), manager: "test"))
                _ = try registry.create(configMaps, object("ConfigMap", "deleted"), manager: "test")
                try registry.delete(configMaps, namespace: "default", name: "deleted", Deletion())
                before.append(
                    try registry.create(
                        .services, object("Service", "web", ["spec": ["ports": [["port": 80]]]]), manager: "test"))
                _ = try registry.create(
                    GroupResource("", "serviceaccounts"), object("ServiceAccount", "robot"), manager: "test")
                token = try await first.issueToken(
                    namespace: "default", account: "robot", audience: nil, expirationSeconds: 600, pod: "", podUID: "")
                #expect(await registry.store.settled() == nil)
                version = registry.store.version
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            let data = try DataDirectory(path: path)
            let second = try cluster(data)
            let registry = second.registry
            #expect(registry.store.version > version)
            for object in before {
                let resource = object.kindName == "Service" ? GroupResource.services : configMaps
                #expect(try registry.get(resource, namespace: "default", name: object.meta.name) == object)
            }
            #expect(try registry.find(configMaps, ObjectKey(namespace: "default", name: "deleted")) == nil)
            #expect(second.tokens.claims(of: token)?.serviceAccount == "robot")
            // An address that was given away is not given away again.
            let other = try registry.create(
                .services, object("Service", "other", ["spec": ["ports": [["port": 80]]]]), manager: "test")
            #expect(other["spec", "clusterIP"] != before[1]["spec", "clusterIP"])
            // What a client saw before the restart can only be listed anew.
            let error = #expect(throws: StatusError.self) {
                try registry.store.watch(configMaps, Selection(), from: .after(version))
            }
            #expect(error?.code == 410)
        }
    }

    @Test("Services move when another cluster took their range meanwhile")
    func movedRange() async throws {
        try await withFolder { path in
            do {
                let first = try cluster(try DataDirectory(path: path))
                _ = try first.registry.create(
                    .services,
                    object("Service", "web", ["spec": ["ports": [["port": 80]], "clusterIP": "127.96.3.7"]]),
                    manager: "test")
                #expect(await first.registry.store.settled() == nil)
            }
            let second = try cluster(try DataDirectory(path: path), octet: 97)
            let service = try second.registry.get(.services, namespace: "default", name: "web")
            #expect(service["spec", "clusterIP"] == "127.97.3.7")
        }
    }

    @Test("pods of before the restart are gone, or failed when nobody replaces them")
    func pods() async throws {
        try await withFolder { path in
            let spec: JSONValue = ["containers": [["name": "main", "image": "none"]], "nodeName": "devcluster"]
            do {
                let registry = try cluster(try DataDirectory(path: path)).registry
                _ = try registry.create(
                    GroupResource("", "serviceaccounts"), object("ServiceAccount", "default"), manager: "test")
                let owner = try registry.create(configMaps, object("ConfigMap", "owner"), manager: "test")
                var owned = object("Pod", "owned", ["spec": spec])
                owned["metadata", "ownerReferences"] = [owner.controllerReference(apiVersion: "v1", kind: "ConfigMap")]
                _ = try registry.create(.pods, owned, manager: "test")
                _ = try registry.create(.pods, object("Pod", "alone", ["spec": spec]), manager: "test")
                #expect(await registry.store.settled() == nil)
            }
            let registry = try cluster(try DataDirectory(path: path)).registry
            let pods = try registry.list(.pods, namespace: "default", labels: [:])
            #expect(pods.map(\.meta.name) == ["alone"])
            #expect(pods.first?["status", "phase"] == "Failed")
            #expect(pods.first?["status", "reason"] == "NodeRestart")
        }
    }

    @Test("a folder in use, and one that cannot be one, are refused with the reason")
    func refusals() async throws {
        try await withFolder { path in
            let first = try DataDirectory(path: path)
            let busy = #expect(throws: DataDirectory.Unusable.self) { try DataDirectory(path: path) }
            #expect(busy?.description == "the data folder \(path) is in use by another cluster")
            let file = #expect(throws: DataDirectory.Unusable.self) { try DataDirectory(path: "\(path)/lock/folder") }
            #expect(file?.description.contains("cannot be made") == true)
            withExtendedLifetime(first) {}
        }
        try await withFolder { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data(repeating: 7, count: 8192).write(to: URL(filePath: "\(path)/state.sqlite"))
            let damaged = #expect(throws: StateDatabase.Unusable.self) { try DataDirectory(path: path) }
            #expect(damaged?.description.contains("\(path)/state.sqlite") == true)
        }
    }

    @Test("a log that a crash tore is read up to the last whole commit")
    func tornTail() async throws {
        try await withFolder { path in
            let copy = path + "-copy"
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let data = try DataDirectory(path: path)
            let registry = try cluster(data).registry
            for number in 0..<20 {
                _ = try registry.create(configMaps, object("ConfigMap", "n-\(number)"), manager: "test")
                #expect(await registry.store.settled() == nil)
            }
            // What the disk holds while the cluster runs is what it holds after kill -9, less the torn end.
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            for file in ["state.sqlite", "state.sqlite-wal"] {
                var bytes = try Data(contentsOf: URL(filePath: "\(path)/\(file)"))
                if file.hasSuffix("wal") { bytes = bytes.dropLast(100) }
                try bytes.write(to: URL(filePath: "\(copy)/\(file)"))
            }
            let names = try DataDirectory(path: copy).database.objects().map(\.1.key.name).filter { $0.hasPrefix("n-") }
            #expect(Set(names) == Set((0..<19).map { "n-\($0)" }))
        }
    }

    @Test("the folder does not grow with the number of writes")
    func compaction() async throws {
        try await withFolder { path in
            let registry = try cluster(try DataDirectory(path: path)).registry
            let text = String(repeating: "x", count: 20_000)
            _ = try registry.create(configMaps, object("ConfigMap", "busy"), manager: "test")
            for number in 0..<1500 {
                try registry.update(
                    configMaps, namespace: "default", name: "busy", subresource: nil, manager: "test"
                ) { $0["data"] = ["text": .string("\(number)" + text)] }
                #expect(await registry.store.settled() == nil)
            }
            // 30 MB were written, in 1,500 commits.
            let sizes = try FileManager.default.contentsOfDirectory(atPath: path).map {
                try FileManager.default.attributesOfItem(atPath: "\(path)/\($0)")[.size] as? Int ?? 0
            }
            #expect(sizes.reduce(0, +) < 12_000_000)
        }
    }
}
