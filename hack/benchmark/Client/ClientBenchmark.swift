import ArgumentParser
import FoundationEssentials
import K8sClient
import Subprocess
import SystemPackage

/// Measures this client and Python's in turn, each piece of work in a process of its own, and prints the medians beside each other.
struct ClientBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "client")

    @Option(help: "The kubeconfig of the cluster that answers GETs.") var kubeconfig: String
    @Option(help: "A Python that has the kubernetes client.") var python: String
    @Option(help: "The program in Python that does the same work.") var script: String
    @Option(help: "The events of one round of a watch; Python reads a tenth of them.") var events = 20_000
    @Option(help: "The objects of a cache.") var objects = 10_000
    @Option(help: "The GETs of one round.") var requests = 2_000
    @Option(help: "The rounds of each rate.") var rounds = 5

    func run() async throws {
        let cluster = try KubernetesClient.forBenchmark(kubeconfig)
        try await prepare(cluster)
        var table = ComparisonTable()
        let runner = WorkRunner(python: python, script: script)

        let asked = ["--kubeconfig", kubeconfig]
        let gets = try await compare(runner, ["get"] + asked, ours: requests, theirs: requests / 2)
        table.add("GET of a small ConfigMap, µs", gets.wall, .lessIsBetter)
        table.add("  of it the client's processor time, µs", gets.processor, .lessIsBetter)
        switch try await allocations(runner, asked) {
        case .success(let figures): table.add("  allocations", figures, .lessIsBetter)
        case .failure(let missing): table.add("  allocations", reason: missing.description)
        }

        let recorded = RecordedServer(objectCount: objects, events: try RecordedEvents())
        try await recorded.run { address in
            for form in ObjectForm.allCases {
                let arguments = ["watch", "--server", address, "--form", form.rawValue]
                let times = try await compare(runner, arguments, ours: events, theirs: events / 10)
                table.add("watch, \(form.rawValue), events/s", times.wall.mapped { 1_000_000 / $0 }, .moreIsBetter)
                table.add("  processor time of an event, µs", times.processor, .lessIsBetter)
            }
            for form in ObjectForm.allCases {
                let arguments = [
                    "cache", "--server", address, "--form", form.rawValue, "--count", "\(objects)",
                ]
                let figures = Pair(
                    ours: try await runner.ours(arguments)[0], theirs: try await runner.theirs(arguments)[0])
                table.add("cached object, \(form.rawValue), bytes", figures, .lessIsBetter)
            }
        }
        table.print()
        await cluster.shutdown()
    }

    private func prepare(_ client: KubernetesClient) async throws {
        try await client.expectSuccess(.createNamespace("bench-client"))
        let small: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "small", "labels": ["app": "benchmark"]], "data": ["key": "value"],
        ]
        try await client.expectSuccess(
            KubernetesRequest(.post, "/api/v1/namespaces/bench-client/configmaps", body: small.jsonBytes()))
    }

    /// In turn, so that both meet the same moods of the machine.
    private func compare(
        _ runner: WorkRunner, _ arguments: [String], ours: Int, theirs: Int
    ) async throws -> (wall: Pair, processor: Pair) {
        var figures: (ours: [[Double]], theirs: [[Double]]) = ([], [])
        for _ in 0..<rounds {
            figures.ours.append(try await runner.ours(arguments + ["--count", "\(ours)"]))
            figures.theirs.append(try await runner.theirs(arguments + ["--count", "\(theirs)"]))
        }
        func median(_ rounds: [[Double]], _ index: Int) -> Double {
            rounds.map { $0[index] }.sorted()[rounds.count / 2]
        }
        return (
            Pair(ours: median(figures.ours, 0), theirs: median(figures.theirs, 0)),
            Pair(ours: median(figures.ours, 1), theirs: median(figures.theirs, 1))
        )
    }

    private typealias Counted<Value> = Result<Value, AllocationCounter.Missing>

    /// What a further request costs: the difference of a long and a short run, so that the start does not count.
    private func allocations(_ runner: WorkRunner, _ asked: [String]) async throws -> Counted<Pair> {
        let (few, many) = (200, 1_200)
        func perRequest(_ count: ([String]) async throws -> Counted<Int>) async throws -> Counted<Double> {
            let short = try await count(["get"] + asked + ["--count", "\(few)"])
            let long = try await count(["get"] + asked + ["--count", "\(many)"])
            return short.flatMap { less in long.map { Double($0 - less) / Double(many - few) } }
        }
        let counter = AllocationCounter(runner: runner)
        let ours = try await perRequest { try await counter.ours($0) }
        let theirs = try await perRequest { try await counter.theirs($0) }
        return ours.flatMap { ours in theirs.map { Pair(ours: ours, theirs: $0) } }
    }
}
