import Observability

/// What is counted of a cache.
struct CacheMetrics: Sendable {
    enum Result: String, CaseIterable, Sendable {
        case hit, miss
        /// It could not be asked, which its caller takes for a miss.
        case error
    }

    private struct Label: Hashable {
        let kind: CacheKind
        let result: Result
    }

    private let requests: [Label: PrometheusCounter]
    private let registry: PrometheusRegistry

    init(registry: PrometheusRegistry) {
        self.registry = registry
        var requests: [Label: PrometheusCounter] = [:]
        for kind in CacheKind.all {
            for result in Result.allCases {
                requests[Label(kind: kind, result: result)] = Self.counter(registry, kind, result)
            }
        }
        self.requests = requests
    }

    func record(_ result: Result, _ kind: CacheKind) {
        // A kind that is not listed costs a look-up by text.
        let counter = requests[Label(kind: kind, result: result)] ?? Self.counter(registry, kind, result)
        counter.increment()
    }

    /// Shows the size of the cache in this process.
    func exposeMemory(
        bytes: @escaping @Sendable () -> Int?, entries: @escaping @Sendable () -> Int?,
        evictions: @escaping @Sendable () -> Int?
    ) {
        registry.gauge("cache_memory_bytes", help: "What the entries of the cache in memory take.") {
            bytes().map(Double.init)
        }
        registry.gauge("cache_memory_entries", help: "Entries of the cache in memory.") { entries().map(Double.init) }
        registry.counter(
            "cache_memory_evictions_total", help: "Entries that left the cache in memory to make room."
        ) { evictions().map(Double.init) }
    }

    private static func counter(
        _ registry: PrometheusRegistry, _ kind: CacheKind, _ result: Result
    ) -> PrometheusCounter {
        registry.counter(
            "cache_requests_total", help: "Entries asked for, by kind and whether they were there.",
            labels: [("cache", kind.name), ("result", result.rawValue)])
    }
}
