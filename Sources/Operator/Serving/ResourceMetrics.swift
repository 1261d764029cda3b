import K8sClient
import Observability

/// How many backends there are and how they are, counted at each scrape from what is held anyway.
enum ResourceMetrics {
    static func register(_ caches: ClusterCaches, in registry: PrometheusRegistry) {
        let help = "ChatBackends by a condition that is True."
        for (label, type) in [
            ("ready", ConditionType.ready), ("reconciling", ConditionType.reconciling),
            ("stalled", ConditionType.stalled),
        ] {
            registry.gauge("chatbackend_resources", help: help, labels: [("condition", label)]) {
                Double(caches.backendCount(withTrue: type))
            }
        }
    }
}
