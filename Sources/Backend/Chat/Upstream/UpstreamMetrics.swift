import Observability
import Synchronization

/// What is measured of the traffic with the servers. Instruments are looked up once.
struct UpstreamMetrics: Sendable {
    /// Attempts that are tried again.
    let retries: PrometheusCounter
    /// From a request to the first piece of its answer's body.
    let timeToFirstByte: PrometheusHistogram
    /// From the client's request to the first piece of text that is passed on to it.
    let timeToFirstToken: PrometheusHistogram
    /// What this service adds: the time from the client's request to the upstream's, and from the upstream's first byte to the client's.
    let addedOverhead: PrometheusHistogram
    let streamsOpen: PrometheusGauge
    let promptTokens: PrometheusCounter
    let completionTokens: PrometheusCounter
    private let codes: CodeCounters

    init(registry: PrometheusRegistry) {
        retries = registry.counter("upstream_retries_total", help: "Attempts after the first one of a request.")
        timeToFirstByte = registry.histogram(
            "upstream_first_byte_seconds", help: "Time from a request to the first piece of its answer.")
        timeToFirstToken = registry.histogram(
            "chat_time_to_first_token_seconds", help: "Time from a client's request to the first token passed on.")
        addedOverhead = registry.histogram(
            "chat_added_overhead_seconds",
            help: "Time that this service adds: before the upstream's request, and after its first byte.",
            buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1])
        streamsOpen = registry.gauge("chat_streams_open", help: "Streams that are being passed on.")
        let tokens = "Tokens that went through, reported or estimated."
        promptTokens = registry.counter("chat_tokens_total", help: tokens, labels: [("kind", "prompt")])
        completionTokens = registry.counter("chat_tokens_total", help: tokens, labels: [("kind", "completion")])
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
