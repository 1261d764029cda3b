import Observability
import Synchronization

/// What is measured of the traffic with the servers. Instruments are looked up once.
struct UpstreamMetrics: Sendable {
    /// Attempts that are tried again.
    let retries: PrometheusCounter
    /// From a request to the first piece of its answer's body.
    let timeToFirstByte: PrometheusHistogram
    private let codes: CodeCounters

    init(registry: PrometheusRegistry) {
        retries = registry.counter("upstream_retries_total", help: "Attempts after the first one of a request.")
        timeToFirstByte = registry.histogram(
            "upstream_first_byte_seconds", help: "Time from a request to the first piece of its answer.")
        codes = CodeCounters(registry: registry)
    }

    /// Counts an attempt by its status, or by what failed.
    func count(status: Int) { codes.counter(String(status)).increment() }
    func count(_ error: UpstreamError.Code) { codes.counter(error.description).increment() }
}

/// `upstream_requests_total` by code; three digits from a server, and our own codes, so there is an end to them.
private final class CodeCounters: Sendable {
    private let registry: PrometheusRegistry
    private let counters = Mutex<[String: PrometheusCounter]>([:])

    init(registry: PrometheusRegistry) {
        self.registry = registry
    }

    func counter(_ code: String) -> PrometheusCounter {
        counters.withLock { counters in
            if let counter = counters[code] { return counter }
            let counter = registry.counter(
                "upstream_requests_total", help: "Attempts at upstream servers, by status or failure.",
                labels: [("code", code)])
            counters[code] = counter
            return counter
        }
    }
}
