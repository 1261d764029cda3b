import Observability

/// What is measured of answers, those to programs by the OpenAI-compatible API and those in conversations alike.
struct CompletionMetrics: Sendable {
    /// From the client's request to the first piece of text of its answer.
    let timeToFirstToken: PrometheusHistogram
    /// What this service adds: the time from the client's request to the one to the model's server.
    let addedOverhead: PrometheusHistogram
    /// Streams of events and answers that are read over WebSockets.
    let streamsOpen: PrometheusGauge
    private let promptTokens: PrometheusCounter
    private let completionTokens: PrometheusCounter

    init(registry: PrometheusRegistry) {
        timeToFirstToken = registry.histogram(
            "chat_time_to_first_token_seconds", help: "Time from a client's request to the first token of its answer.")
        addedOverhead = registry.histogram(
            "chat_added_overhead_seconds",
            help: "Time that this service adds: from a client's request to the one to the model's server.",
            buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1])
        streamsOpen = registry.gauge("chat_streams_open", help: "Streams that are being passed on.")
        let tokens = "Tokens that went through, reported or estimated."
        promptTokens = registry.counter("chat_tokens_total", help: tokens, labels: [("kind", "prompt")])
        completionTokens = registry.counter("chat_tokens_total", help: tokens, labels: [("kind", "completion")])
    }

    func count(promptTokens prompt: Int, completionTokens completion: Int) {
        promptTokens.increment(by: prompt)
        completionTokens.increment(by: completion)
    }
}
