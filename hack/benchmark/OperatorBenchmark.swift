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
        try await Task.sleep(for: .seconds(5))
        let before = try await figures.read()
        try await Task.sleep(for: .seconds(steadySeconds))
        let after = try await figures.read()

        let count = Double(resources)
        let rows: [(String, String)] = [
            ("resources", "\(resources)"),
            ("plain loop, resources per second", rate(count, .seconds(directSeconds))),
            ("operator, resources per second", rate(count, converged)),
            ("operator to plain loop", ratio(.seconds(directSeconds), converged)),
            ("CPU ms per resource", decimal((busy.cpuSeconds - atRest.cpuSeconds) * 1000 / count)),
            ("peak resident memory, MB", decimal(Double(after.peakResidentBytes) / 1_000_000)),
            ("of it the process's own, at the end, MB", decimal(Double(after.anonymousBytes) / 1_000_000)),
            ("requests per resource", decimal(Double(before.requests.total - atRest.requests.total) / count)),
            ("requests in \(steadySeconds) s of steady state", "\(after.requests.total - before.requests.total)"),
            ("of them for the Lease", "\(after.requests.lease - before.requests.lease)"),
            ("of them writes but the Lease's", "\(after.requests.writes - before.requests.writes)"),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        for (name, value) in rows {
            print(name + String(repeating: " ", count: width - name.count + 2) + value)
        }
        await client.shutdown()
    }

    private func rate(_ count: Double, _ duration: Duration) -> String { decimal(count / duration.seconds) }
    private func ratio(_ plain: Duration, _ ours: Duration) -> String { decimal(plain.seconds / ours.seconds) }
    private func decimal(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

extension Duration {
    fileprivate var seconds: Double { self / .seconds(1) }
}
