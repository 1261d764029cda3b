import ArgumentParser

@main
struct BenchmarkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "What hack/bench measures; start that instead.",
        subcommands: [
            DirectBenchmark.self, OperatorBenchmark.self, RestartBenchmark.self, ApiserverBenchmark.self,
            ClientBenchmark.self, ClientWork.self, BackendBenchmark.self, ListBenchmark.self,
            FastUpstream.self,
        ])
}
