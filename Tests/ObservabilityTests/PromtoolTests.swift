import CoreMetrics
import Foundation
import Observability
import Testing

@Suite("promtool")
struct PromtoolTests {
    static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(
        where: FileManager.default.isExecutableFile(atPath:))

    @Test("promtool finds nothing to say", .enabled(if: path != nil, "promtool (Debian's prometheus) is not installed"))
    func check() throws {
        let registry = PrometheusRegistry()
        registry.registerProcessMetrics()
        registry.counter("http_requests_total", help: "Requests.", labels: [("status", "200"), ("path", "a\"\\\nb")])
            .increment()
        registry.histogram("http_request_duration_seconds", help: "Durations.", labels: [("route", "/")]).observe(0.01)
        registry.gauge("http_requests_in_flight", help: "In flight.").set(.infinity)
        registry.makeTimer(label: "db.query", dimensions: [("a.b", "ü")]).recordNanoseconds(5)
        registry.makeCounter(label: "hb.requests", dimensions: []).increment(by: 3 as Int64)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.path))
        process.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(registry.render().utf8))
        try input.fileHandleForWriting.close()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(said == "")
        #expect(process.terminationStatus == 0)
    }
}
