import FoundationEssentials
import K8sClient
import Testing

/// `devcluster run --data`: what was acknowledged outlives the cluster, however it ends. Clusters of its own.
@Suite(.needsEmbeddedCluster) struct PersistenceTests {
    @Test("a cluster that is killed in the middle of writes has every write that it acknowledged")
    func kills() async throws {
        let seed =
            ProcessInfo.processInfo.environment["CHATBACKEND_TEST_SEED"].flatMap { UInt64($0) }
            ?? .random(in: 0 ... .max)
        print("PersistenceTests.kills: CHATBACKEND_TEST_SEED=\(seed)")
        var generator = SeededGenerator(seed: seed)
        let cluster = try KeptCluster()
        defer { cluster.remove() }
        var writers = (0..<4).map { RandomWriter(name: "writer-\($0)", seed: seed &+ UInt64($0)) }
        for round in 0..<5 {
            // The kill shall come at any moment: the time is chance, not a wait for anything.
            let moment = Duration.milliseconds(Int(generator.next() % 900))
            let current = writers
            let tasks = Captured<Task<[RandomWriter], any Error>>()
            try await cluster.runThenKill {
                let writing = Task { try await Self.write(current, cluster) }
                try await Task.sleep(for: moment)
                tasks.set(writing)
            }
            let task = try #require(tasks.get())
            writers = try await task.value
            let (found, version) = try await Self.contents(cluster)
            for index in writers.indices {
                let problems = writers[index].reconcile(with: found)
                #expect(problems.isEmpty, "seed \(seed), round \(round): \(problems.joined(separator: "; "))")
            }
            let newest = found.values.compactMap { UInt64($0["metadata", "resourceVersion"]?.string ?? "") }.max() ?? 0
            #expect(version > newest, "seed \(seed), round \(round)")
        }
        #expect(writers.reduce(0) { $0 + $1.acknowledgements } > 0, "seed \(seed)")
    }

    /// All writers at once, each over a connection of its own, until the cluster is gone.
    private static func write(_ writers: [RandomWriter], _ cluster: KeptCluster) async throws -> [RandomWriter] {
        try await withThrowingTaskGroup { group in
            for writer in writers {
                group.addTask {
                    var writer = writer
                    let client = try cluster.client()
                    await writer.run(client)
                    await client.shutdown()
                    return writer
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// What a new start of the cluster holds, and the version of its list.
    private static func contents(_ cluster: KeptCluster) async throws -> ([String: JSONValue], UInt64) {
        let body = Captured<[UInt8]>()
        try await cluster.runThenKill {
            let client = try cluster.client()
            let response = try await client.raw(.init(.get, RandomWriter.path))
            await client.shutdown()
            body.set(response.body)
        }
        let list = try JSONValue(parsing: try #require(body.get()))
        var found: [String: JSONValue] = [:]
        for var object in list["items"]?.array ?? [] {
            object["apiVersion"] = "v1"
            object["kind"] = "ConfigMap"
            found[object["metadata", "name"]?.string ?? ""] = object
        }
        return (found, UInt64(list["metadata", "resourceVersion"]?.string ?? "") ?? 0)
    }

    @Test("pods, tokens, finalizers and the kubeconfig outlive a kill as those of a restarted node do")
    func workloads() async throws {
        let cluster = try KeptCluster()
        defer { cluster.remove() }
        let images = "images: [{image: sleeper, entrypoint: [/bin/sleep, \"100000\"]}]"
        let before = Captured<Set<String>>()
        let token = Captured<String>()
        try await cluster.runThenKill(images: images) {
            try await cluster.kubectl("create", "deployment", "web", "--image=sleeper", "--replicas=2").requireSuccess()
            try await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s").requireSuccess()
            before.set(try await Self.pods(cluster))
            try await cluster.kubectl("create", "configmap", "ending").requireSuccess()
            let finalizer = #"{"metadata":{"finalizers":["example.dev/wait"]}}"#
            try await cluster.kubectl("patch", "configmap", "ending", "--type=merge", "-p", finalizer).requireSuccess()
            try await cluster.kubectl("delete", "configmap", "ending", "--wait=false").requireSuccess()
            let answer = try await cluster.kubectl("create", "token", "default")
            try answer.requireSuccess()
            token.set(answer.output)
        }
        try await cluster.runThenKill(images: images) {
            try await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s").requireSuccess()
            let old = try #require(before.get())
            try await eventually("there are two new pods") {
                let pods = try await Self.pods(cluster)
                return pods.count == 2 && pods.isDisjoint(with: old)
            }
            let ending = try await cluster.kubectl(
                "get", "configmap", "ending", "-o", "jsonpath={.metadata.deletionTimestamp}")
            #expect(!ending.output.isEmpty)
            let release = #"{"metadata":{"finalizers":null}}"#
            try await cluster.kubectl("patch", "configmap", "ending", "--type=merge", "-p", release).requireSuccess()
            try await cluster.kubectl("wait", "--for=delete", "configmap/ending", "--timeout=30s").requireSuccess()
            let text = try #require(token.get()).split(separator: "\n").first.map(String.init) ?? ""
            var configuration = try ClientConfiguration.load(kubeconfigPath: cluster.kubeconfig)
            configuration.tls.clientCertificate = nil
            configuration.tls.clientKey = nil
            configuration.credentials = .token(text)
            let client = KubernetesClient(configuration: configuration)
            let review: JSONValue = ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"]
            let answer = try await client.raw(
                .init(.post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", body: review.jsonBytes()))
            await client.shutdown()
            let user = try JSONValue(parsing: answer.body)["status", "userInfo", "username"]
            #expect(user == "system:serviceaccount:default:default")
        }
    }

    private static func pods(_ cluster: KeptCluster) async throws -> Set<String> {
        let result = try await cluster.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.uid}")
        try result.requireSuccess()
        return Set(result.output.split(separator: " ").map(String.init))
    }
}
