import ArgumentParser
import NIOCore
import NIOPosix

/// `benchmark backend`: the same requests direct and through each proxy, and one table of it.
struct BackendBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "backend", shouldDisplay: false)

    @Option(help: "NAME=HOST:PORT=KEY=PID+PID, in the table's order; the first one is the upstream itself.")
    var target: [String]

    @Option(help: "Requests of one client.")
    var requests = 5_000

    @Option(help: "Seconds with 32 clients.")
    var seconds = 10

    private static let ask = ByteBuffer(
        string: #"{"model":"fast","messages":[{"role":"user","content":"Hello there"}]}"#)
    private static let stream = ByteBuffer(
        string: #"{"model":"fast","stream":true,"messages":[{"role":"user","content":"Hello there"}]}"#)
    private static let instant = ByteBuffer(
        string: #"{"model":"instant","stream":true,"messages":[{"role":"user","content":"Hello there"}]}"#)

    func run() async throws {
        let targets = try target.map { try LoadTarget(parsing: $0, path: "/v1/chat/completions") }
        var table = FigureTable()
        // Rounds in turn, so that what else the machine does meets all of them alike.
        var latencies = [[Duration]](repeating: [], count: targets.count)
        var firstBytes = latencies
        for _ in 0..<5 {
            for (index, target) in targets.enumerated() {
                latencies[index] += try await Self.sequential(target, Self.ask, count: requests / 5).latencies
                firstBytes[index] += try await Self.sequential(target, Self.instant, count: requests / 20).firstBytes
            }
        }
        for (index, target) in targets.enumerated() {
            for percent in [50, 99] {
                let added =
                    latencies[index].percentile(percent) - (index == 0 ? .zero : latencies[0].percentile(percent))
                table.add(
                    "\(target.name): latency\(index == 0 ? "" : " added"), p\(percent), µs",
                    Int(added / .microseconds(1)))
            }
            let first = firstBytes[index].percentile(50) - (index == 0 ? .zero : firstBytes[0].percentile(50))
            table.add(
                "\(target.name): first token\(index == 0 ? "" : " added"), p50, µs", Int(first / .microseconds(1)))
        }
        for target in targets {
            let figures = try await LoadConnection.together(
                target, body: Self.ask, connections: 32, for: .seconds(seconds))
            table.add("\(target.name): requests/s, 32 clients", figures.latencies.count / seconds)
            if figures.refused > 0 { table.add("\(target.name): refused, 32 clients", figures.refused) }
        }
        for count in [64, 512, 5_000] {
            for target in targets {
                let figures = try await Self.together(target, Self.stream, connections: count) { _ in false }
                table.add("\(target.name): \(count) streams, stalled", figures.stalled)
                table.add("\(target.name): \(count) streams, refused", figures.refused)
                guard !target.pids.isEmpty else { continue }
                let bytes = try target.pids.reduce(0) { try $0 + ProcessMemory(pid: $1).peakResidentBytes() }
                table.add("\(target.name): peak memory after \(count) streams, MB", megabytes: bytes)
            }
        }
        table.print()
    }

    private static func sequential(_ target: LoadTarget, _ body: ByteBuffer, count: Int) async throws -> LoadFigures {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        return try await LoadConnection.run(target, body: body, on: loop) { $0 < count }.get()
    }

    private static func together(
        _ target: LoadTarget, _ body: ByteBuffer, connections: Int, goesOn: @escaping @Sendable (Int) -> Bool
    ) async throws -> LoadFigures {
        let group = MultiThreadedEventLoopGroup.singleton
        let futures = (0..<connections).map { _ in
            LoadConnection.run(target, body: body, on: group.next(), goesOn: goesOn)
        }
        var all = LoadFigures()
        for future in futures { all.add(try await future.get()) }
        return all
    }
}
