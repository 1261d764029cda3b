import Observability

/// What is counted of the limits.
struct RateLimitMetrics: Sendable {
    /// Who decided.
    enum Keeper: String, CaseIterable, Sendable {
        case redis, memory
    }

    private let allowed: [Keeper: PrometheusCounter]
    private let refused: [Keeper: PrometheusCounter]

    init(registry: PrometheusRegistry) {
        func counters(_ outcome: String) -> [Keeper: PrometheusCounter] {
            Dictionary(
                uniqueKeysWithValues: Keeper.allCases.map { keeper in
                    let counter = registry.counter(
                        "rate_limit_decisions_total",
                        help: "Requests held against their limits, by who decided and how.",
                        labels: [("keeper", keeper.rawValue), ("outcome", outcome)])
                    return (keeper, counter)
                })
        }
        allowed = counters("allowed")
        refused = counters("refused")
    }

    func record(_ outcome: RateLimitOutcome, _ keeper: Keeper) {
        (outcome.isAllowed ? allowed : refused)[keeper]?.increment()
    }
}
