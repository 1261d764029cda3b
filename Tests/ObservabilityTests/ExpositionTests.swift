import CoreMetrics
import Glibc
import Synchronization
import Testing

@testable import Observability

@Suite("Prometheus text")
struct ExpositionTests {
    let registry = PrometheusRegistry()

    @Test("A family is written with its help and type, its series in the order of their labels")
    func family() {
        registry.counter(
            "http_requests_total", help: "Requests answered.", labels: [("status", "500"), ("method", "GET")]
        )
        .increment()
        registry.counter("http_requests_total", labels: [("method", "GET"), ("status", "200")]).increment(by: 41)
        registry.counter("http_requests_total", labels: [("status", "200"), ("method", "GET")]).increment()

        #expect(
            registry.render() == """
                # HELP http_requests_total Requests answered.
                # TYPE http_requests_total counter
                http_requests_total{method="GET",status="200"} 42
                http_requests_total{method="GET",status="500"} 1

                """)
    }

    @Test("Buckets are cumulative and agree with sum and count")
    func histogram() {
        let histogram = registry.histogram(
            "wait_seconds", help: "Waiting.", labels: [("queue", "a")], buckets: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.observe(value) }
        histogram.observe(.milliseconds(250))
        histogram.observe(.nan)

        #expect(
            registry.render() == """
                # HELP wait_seconds Waiting.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{queue="a",le="0.1"} 2
                wait_seconds_bucket{queue="a",le="1"} 4
                wait_seconds_bucket{queue="a",le="+Inf"} 5
                wait_seconds_sum{queue="a"} 7.9
                wait_seconds_count{queue="a"} 5

                """)
    }

    @Test("Quotes, backslashes and line breaks in values are escaped")
    func escaping() {
        registry.gauge("odd", help: "One \\ two\r\nthree \"four\"", labels: [("path", "C:\\ \"x\"\r\ny")]).set(1)
        #expect(
            registry.render() == """
                # HELP odd One \\\\ two\r\\nthree "four"
                # TYPE odd gauge
                odd{path="C:\\\\ \\"x\\"\r\\ny"} 1

                """)
    }

    @Test(
        "Numbers are written as Prometheus reads them",
        arguments: [
            (0.0, "0"), (-3, "-3"), (0.25, "0.25"), (1e15, "1000000000000000"), (1e300, "1e+300"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"),
        ])
    func numbers(value: Double, text: String) {
        #expect(TextExposition.number(value) == text)
    }

    @Test(
        "Names and label names are made to fit",
        arguments: [
            ("hb.requests", "hb_requests"), ("9lives", "_9lives"), ("a:b", "a:b"), ("größe", "gr__e"), ("", "_"),
        ])
    func names(label: String, name: String) {
        #expect(MetricName.sanitized(label) == name)
    }

    @Test("Labels that fall together once sanitised stay one label, and `le` is left to the histogram")
    func labelClashes() {
        registry.histogram("x", labels: [("a.b", "1"), ("a-b", "2"), ("le", "3"), ("__name__", "4")], buckets: [])
            .observe(1)
        let text = registry.render()
        #expect(text.contains("x_count{a_b=\"1;2\",exported_le=\"3\",exported_name__=\"4\"} 1"))
    }

    @Test("Values computed at the scrape are current, and left out when there is none")
    func callbacks() {
        let depth = Atomic<Int>(3)
        registry.gauge("queue_depth", help: "Waiting.") { Double(depth.load(ordering: .relaxed)) }
        registry.gauge("nothing", help: "Never there.") { nil }
        #expect(registry.render().contains("\nqueue_depth 3\n"))
        depth.store(4, ordering: .relaxed)
        #expect(registry.render().contains("\nqueue_depth 4\n"))
        #expect(!registry.render().contains("nothing"))
    }

    @Test("What swift-metrics records is exposed with the unit and suffix of its kind")
    func swiftMetrics() {
        registry.describe("db_query_seconds", help: "Queries.", buckets: [0.5])
        CoreMetrics.Counter(label: "hb.requests", dimensions: [("status", "200")], factory: registry).increment(by: 2)
        FloatingPointCounter(label: "energy", dimensions: [], factory: registry).increment(by: 0.5)
        CoreMetrics.Timer(label: "db.query", dimensions: [], factory: registry).recordMilliseconds(250)
        Gauge(label: "temperature", dimensions: [], factory: registry).record(-1.5)
        Meter(label: "open", dimensions: [], factory: registry).increment(by: 3)
        Recorder(label: "size", dimensions: [], aggregate: true, factory: registry).record(17)
        let text = registry.render()
        for line in [
            "hb_requests_total{status=\"200\"} 2", "energy_total 0.5", "db_query_seconds_bucket{le=\"0.5\"} 1",
            "db_query_seconds_sum 0.25", "# HELP db_query_seconds Queries.", "temperature -1.5", "open 3",
            "size_bucket{le=\"16\"} 0", "size_bucket{le=\"64\"} 1",
        ] {
            #expect(text.contains("\(line)\n"))
        }
    }

    @Test("A destroyed metric is no longer exposed")
    func destroyed() {
        let counter = CoreMetrics.Counter(label: "gone", dimensions: [], factory: registry)
        counter.increment()
        #expect(registry.render().contains("gone_total 1"))
        counter.destroy()
        #expect(registry.render().isEmpty)
    }

    @Test("The figures of the process are those of this process")
    func process() throws {
        registry.registerProcessMetrics()
        let values = try samples(registry.render())
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_max_fds"]) >= #require(values["process_open_fds"]))
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = Double(now.tv_sec) - (try #require(values["process_start_time_seconds"]))
        #expect(age > -2 && age < 86_400)
    }

    @Test("A program's name with spaces and parentheses does not shift the fields")
    func processStatusOfOddName() throws {
        let fields = (3...52).map { String($0 == 3 ? "S" : "\($0)") }.joined(separator: " ")
        let status = try #require(ProcessStatus(stat: "7 (a) b (c)) \(fields)"))
        #expect(status.cpuTicks == 14 + 15)
        #expect(status.startTicks == 22)
        #expect(status.residentPages == 24)
        #expect(ProcessStatus(stat: "7 (x") == nil)
    }

    private func samples(_ text: String) throws -> [String: Double] {
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            let value: Double = try #require(Double(parts[1]))
            values[String(parts[0])] = value
        }
        return values
    }
}
