import Observability

/// What is counted of the bus.
struct MessageBusMetrics: Sendable {
    let published: PrometheusCounter
    let received: PrometheusCounter
    let failures: PrometheusCounter
    let lags: PrometheusCounter
    let subscribers: PrometheusGauge

    init(registry: PrometheusRegistry) {
        published = registry.counter(
            "message_bus_published_total", help: "Messages that this replica sent.")
        received = registry.counter(
            "message_bus_received_total", help: "Messages that came from other replicas.")
        failures = registry.counter(
            "message_bus_failures_total", help: "Messages that could not be given to Redis.")
        lags = registry.counter(
            "message_bus_lags_total", help: "Times that a subscriber was too slow and lost messages.")
        subscribers = registry.gauge("message_bus_subscribers", help: "Subscriptions open in this replica.")
    }
}
