import ArgumentParser
import FoundationEssentials
import K8sClient

/// Measures an API server that runs already: writes, lists, watches and the memory that they take.
struct ApiserverBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "apiserver")

    @Option(help: "The kubeconfig of the cluster.") var kubeconfig: String
    @Option(help: "The API server's process.") var pid: Int
    @Option(help: "The kubeconfig of a cluster that keeps its data on disk.") var durableKubeconfig: String
    @Option(help: "How many objects the cluster is filled with.") var objects = 10_000
    @Option(help: "How many watches follow the writes.") var watches = 200

    func run() async throws {
        var table = FigureTable()
        let memory = ProcessMemory(pid: pid)
        let client = try KubernetesClient.forBenchmark(kubeconfig)
        try await client.expectSuccess(.createNamespace(WriteLoad.namespace))
        table.add("memory at rest, MB", megabytes: try memory.residentBytes())

        try await writes(kubeconfig, "", &table)

        try await fill(client)
        table.add("memory with \(objects) objects, MB", megabytes: try memory.residentBytes())
        try await lists(client, &table)

        let fanOut = WatchFanOut(kubeconfig: kubeconfig, watches: watches)
        let latencies = try await fanOut.measure(writes: 100) {
            table.add(
                "memory with \(objects) objects and \(watches) watches, MB", megabytes: try memory.residentBytes())
        }
        for (start, times) in [("request", latencies.sinceRequest), ("answer", latencies.sinceAnswer)] {
            for percent in [50, 99] {
                table.add(
                    "event at \(watches) watches, ms after the \(start): p\(percent)",
                    milliseconds: times.percentile(percent))
            }
        }
        table.add("peak memory, MB", megabytes: try memory.peakResidentBytes())

        let durable = try KubernetesClient.forBenchmark(durableKubeconfig)
        try await durable.expectSuccess(.createNamespace(WriteLoad.namespace))
        await durable.shutdown()
        try await writes(durableKubeconfig, "durable ", &table)

        table.print()
        await client.shutdown()
    }

    private func writes(_ kubeconfig: String, _ prefix: String, _ table: inout FigureTable) async throws {
        for clients in [1, 16] {
            let load = try WriteLoad(kubeconfig: kubeconfig, clients: clients)
            for verb in WriteLoad.Verb.allCases {
                let rate = try await load.medianRate(verb)
                table.add(
                    "\(prefix)\(verb.rawValue), \(clients == 1 ? "1 client" : "\(clients) clients"), writes/s", rate)
            }
            await load.shutdown()
        }
    }

    /// Half of the objects go into the namespace that is listed, so that a list is of 5,000 by default.
    private func fill(_ client: KubernetesClient) async throws {
        for (namespace, count) in [("bench-list", objects / 2), ("bench-other", objects - objects / 2)] {
            try await client.expectSuccess(.createNamespace(namespace))
            try await withThrowingTaskGroup { group in
                for part in 0..<8 {
                    group.addTask {
                        for index in stride(from: part, to: count, by: 8) {
                            try await client.expectSuccess(.createSample("filled-\(index)", in: namespace))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func lists(_ client: KubernetesClient, _ table: inout FigureTable) async throws {
        let forms = [
            ("full", KubernetesRequest.json),
            ("metadata only", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            ("table", "application/json;as=Table;g=meta.k8s.io;v=v1"),
        ]
        for (name, accept) in forms {
            let request = KubernetesRequest(.get, "/api/v1/namespaces/bench-list/configmaps", accept: accept)
            var times: [Duration] = []
            // The first two warm up.
            for round in 0..<7 {
                let time = try await ContinuousClock().measure { try await client.expectSuccess(request) }
                if round >= 2 { times.append(time) }
            }
            table.add("list of \(objects / 2), \(name), ms", milliseconds: times.percentile(50))
        }
    }
}
