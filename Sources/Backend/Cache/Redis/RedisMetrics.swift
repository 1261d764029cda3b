import Observability

/// What is counted of the client.
struct RedisMetrics: Sendable {
    private let outcomes: [RedisError.Code: PrometheusCounter]
    private let successes: PrometheusCounter
    let duration: PrometheusHistogram

    init(registry: PrometheusRegistry) {
        func counter(_ outcome: String) -> PrometheusCounter {
            registry.counter(
                "redis_commands_total", help: "Commands sent to Redis, or not sent, by outcome.",
                labels: [("outcome", outcome)])
        }
        successes = counter("ok")
        let codes: [RedisError.Code] = [
            .unavailable, .overloaded, .timedOut, .connectionLost, .protocolViolation, .refused,
        ]
        outcomes = Dictionary(uniqueKeysWithValues: codes.map { ($0, counter($0.description)) })
        duration = registry.histogram(
            "redis_command_duration_seconds", help: "Time from a command to its reply, of those that had one.")
    }

    func record(_ result: Result<RESPValue, RedisError>, _ elapsed: Duration) {
        switch result {
        case .success:
            successes.increment()
            duration.observe(elapsed)
        case .failure(let error): outcomes[error.code]?.increment()
        }
    }
}
