import ArgumentParser
import NIOCore
import NIOPosix

/// `benchmark lists`: pages of the same conversation list from several services.
struct ListBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "lists", shouldDisplay: false)

    @Option(help: "NAME=HOST:PORT=KEY=, in the table's order; the last one is what the others are compared with.")
    var target: [String]

    @Option(help: "Seconds for each figure.")
    var seconds = 10

    func run() async throws {
        let targets = try target.map { try LoadTarget(parsing: $0, path: "/api/v1/conversations?limit=20") }
        var table = FigureTable()
        for clients in [1, 32] {
            var rates: [Int] = []
            for target in targets {
                let figures = try await LoadConnection.together(
                    target, body: nil, connections: clients, for: .seconds(seconds))
                rates.append((figures.latencies.count - figures.refused) / seconds)
                table.add("\(target.name): pages/s, \(clients) clients", rates[rates.count - 1])
                table.add(
                    "\(target.name): p99 with \(clients) clients, µs",
                    Int(figures.latencies.percentile(99) / .microseconds(1)))
                if figures.refused > 0 { table.add("\(target.name): refused", figures.refused) }
            }
            guard let first = rates.first, let last = rates.last, last > 0 else { continue }
            table.add("of the last one's rate, \(clients) clients", Double(first) / Double(last))
        }
        table.print()
    }
}
