import Observability
import Synchronization
import Testing

@Suite("Bounds and sharing of metrics")
struct BoundsTests {
    /// Collects the warnings of a registry.
    final class Warnings: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let warnings = Warnings()

    private func registry(seriesLimit: Int = 1_000, familyLimit: Int = 1_000) -> PrometheusRegistry {
        var configuration = PrometheusRegistry.Configuration()
        configuration.seriesLimit = seriesLimit
        configuration.familyLimit = familyLimit
        return PrometheusRegistry(configuration: configuration, warn: warnings.add)
    }

    @Test("Counts are exact when many tasks count at once")
    func concurrentCounts() async {
        let registry = registry()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<5_000 {
                        registry.counter("n_total", labels: [("parity", task.isMultiple(of: 2) ? "even" : "odd")])
                            .increment()
                        registry.counter("half_total").increment(by: 0.5)
                        registry.gauge("level").increment()
                        registry.histogram("h", buckets: [1]).observe(2)
                    }
                }
            }
        }
        let text = registry.render()
        for line in [
            "n_total{parity=\"even\"} 20000", "n_total{parity=\"odd\"} 20000", "half_total 20000", "level 40000",
            "h_bucket{le=\"1\"} 0", "h_bucket{le=\"+Inf\"} 40000", "h_sum 80000", "h_count 40000",
        ] {
            #expect(text.contains("\(line)\n"))
        }
    }

    @Test("Beyond the bound every further series counts as one overflow series, with one warning")
    func overflow() {
        let registry = registry(seriesLimit: 3)
        for user in 0..<50 { registry.counter("logins_total", labels: [("user", "u\(user)")]).increment() }
        registry.counter("logins_total", labels: [("user", "u0")]).increment()
        let lines = registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "logins_total{overflow=\"true\"} 47", "logins_total{user=\"u0\"} 2", "logins_total{user=\"u1\"} 1",
                "logins_total{user=\"u2\"} 1",
            ])
        #expect(warnings.all.count == 1)
        #expect(warnings.all.first?.contains("logins_total") == true)
    }

    @Test("A name that is taken by another kind of metric gives an instrument that works unseen, with one warning")
    func kindClash() {
        let registry = registry()
        registry.gauge("x_total").set(1)
        registry.counter("x").increment()
        registry.counter("x").increment()
        #expect(registry.render().contains("# TYPE x_total gauge\nx_total 1\n"))
        #expect(warnings.all.count == 1)
    }

    @Test("A metric whose samples would be mistaken for a histogram's is not exposed")
    func sampleClash() {
        let registry = registry()
        registry.histogram("h", buckets: [1]).observe(1)
        registry.gauge("h_count").set(99)
        registry.gauge("g_sum").set(1)
        registry.histogram("g", buckets: [1]).observe(1)
        let text = registry.render()
        #expect(!text.contains("99"))
        #expect(!text.contains("g_bucket"))
        #expect(warnings.all.count == 2)
    }

    @Test("Names are bounded too")
    func familyLimit() {
        let registry = registry(familyLimit: 2)
        for name in ["a", "b", "c"] { registry.gauge(name).set(1) }
        #expect(registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") } == ["a 1", "b 1"])
        #expect(warnings.all.count == 1)
    }

    @Test("A counter never falls")
    func monotonic() {
        let counter = registry().counter("c")
        counter.increment(by: 2)
        counter.increment(by: -1)
        counter.increment(by: -0.5)
        counter.increment(by: .infinity)
        #expect(counter.value == 2)
    }
}
