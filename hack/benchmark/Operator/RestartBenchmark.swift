import ArgumentParser
import FoundationEssentials
import K8sClient
import Subprocess
import SystemPackage

/// Starts an operator where all is in order: how long until it has looked at everything, and what it writes.
struct RestartBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "restart")

    @Option(help: "The kubeconfig of the cluster.") var kubeconfig: String
    @Option(help: "The chatbackend-operator to start.") var program: String
    @Option(help: "A file for its log.") var log: String

    func run() async throws {
        let client = try KubernetesClient.forBenchmark(kubeconfig)
        let count = try await client.listAll(SampleBackend.resource, as: PartialObjectMetadata.self).items.count
        let clock = ContinuousClock()
        let lists = try await clock.measure {
            _ = try await client.listAll(SampleBackend.resource)
            let labelled = ListOptions(labelSelector: "app.kubernetes.io/managed-by=chatbackend-operator")
            _ = try await client.listAll(.deployments, labelled)
            for resource: APIResource in [.namespaces, .configMaps, .secrets, .services, .ingresses, .cronJobs] {
                _ = try await client.listAll(resource, labelled, as: PartialObjectMetadata.self)
            }
        }
        await client.shutdown()

        let file = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        defer { try? file.close() }  // nothing is written through this copy
        let start = clock.now
        _ = try await Subprocess.run(
            .path(FilePath(program)),
            arguments: ["run", "--kubeconfig", kubeconfig, "--listen", "127.0.0.1:0"], input: .none,
            output: .fileDescriptor(file, closeAfterSpawningProcess: false),
            error: .fileDescriptor(file, closeAfterSpawningProcess: false)
        ) { execution in
            try await measure(Int(execution.processIdentifier.value), count, lists: lists, start)
            try execution.send(signal: .terminate)
        }
    }

    private func measure(
        _ pid: Int, _ count: Int, lists: Duration, _ start: ContinuousClock.Instant
    ) async throws {
        while try !logged("\"leading\"") { try await Task.sleep(for: .milliseconds(5)) }
        let ready = ContinuousClock.now - start
        let text = try String(contentsOfFile: log, encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.contains("\"serving\"") }),
            let port = try JSONValue(parsing: String(line))["address"]?.string?.split(separator: ":").last
        else { throw UnreadableFigure(name: log) }
        let figures = OperatorFigures(pid: pid, metricsURL: "http://127.0.0.1:\(port)/metrics")
        while try await figures.reconciles() < count { try await Task.sleep(for: .milliseconds(50)) }
        let looked = ContinuousClock.now - start
        let reading = try await figures.read()
        var table = FigureTable()
        table.add("restart with resources in order", count)
        table.add("the same lists sent directly, ms", milliseconds: lists)
        table.add("start until it leads, ms", milliseconds: ready)
        table.add("start until all were looked at, ms", milliseconds: looked)
        table.add("writes but the Lease's", reading.requests.writes)
        table.add("peak resident memory, MB", megabytes: reading.peakResidentBytes)
        table.add("of it the process's own, MB", megabytes: reading.anonymousBytes)
        table.print()
    }

    private func logged(_ text: String) throws -> Bool {
        try String(contentsOfFile: log, encoding: .utf8).contains(text)
    }
}
