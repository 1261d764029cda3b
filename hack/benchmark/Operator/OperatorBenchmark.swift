import ArgumentParser
import FoundationEssentials
import K8sClient

/// Converges new ChatBackends with an operator that runs already, beside the same writes sent by a plain loop.
struct OperatorBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "operator")

    @Option(help: "The kubeconfig of the cluster.") var kubeconfig: String
    @Option(help: "How many ChatBackends.") var resources = 300
    @Option(help: "The operator's process.") var pid: Int
    @Option(help: "The operator's metrics, as http://ADDRESS:PORT/metrics.") var metrics: String
    @Option(help: "What `benchmark direct` printed.") var directSeconds: Double
    @Option(help: "Seconds of steady state to watch.") var steadySeconds = 60

    func run() async throws {
        let client = try KubernetesClient.forBenchmark(kubeconfig)
        let figures = OperatorFigures(pid: pid, metricsURL: metrics)

        let atRest = try await figures.read()
        let converged = try await Convergence(client: client).run(count: resources)
        let busy = try await figures.read()
        // Events and late watch events settle before the steady minute begins.
        try await figures.settle()
        let before = try await figures.read()
        try await Task.sleep(for: .seconds(steadySeconds))
        let after = try await figures.read()
        let edits = try await EditLatency(client: client).run(count: min(resources, 200))
        try await figures.settle()
        await client.shutdown()

        let count = Double(resources)
        var table = FigureTable()
        table.add("resources", resources)
        table.add("plain loop, resources per second", count / directSeconds)
        table.add("operator, resources per second", count / (converged / .seconds(1)))
        table.add("operator to plain loop", directSeconds / (converged / .seconds(1)))
        table.add("CPU ms per resource", (busy.cpuSeconds - atRest.cpuSeconds) * 1000 / count)
        table.add("peak resident memory, MB", megabytes: after.peakResidentBytes)
        table.add("of it the process's own, at the end, MB", megabytes: after.anonymousBytes)
        table.add("requests per resource", Double(before.requests.total - atRest.requests.total) / count)
        table.add("requests in \(steadySeconds) s of steady state", after.requests.total - before.requests.total)
        table.add("of them for the Lease", after.requests.lease - before.requests.lease)
        table.add("of them writes but the Lease's", after.requests.writes - before.requests.writes)
        for percent in [50, 99] {
            table.add(
                "edit until the Deployment is changed, p\(percent), ms",
                milliseconds: edits.throughOperator.percentile(percent))
            table.add(
                "the server alone: a Deployment annotated, p\(percent), ms",
                milliseconds: edits.direct.percentile(percent))
        }
        table.print()
    }
}
