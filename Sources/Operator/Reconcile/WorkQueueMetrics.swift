import Metrics

/// client-go's metrics of a work queue, under its names.
struct WorkQueueMetrics: Sendable {
    private let depth: Gauge
    private let adds: Counter
    private let retries: Counter
    private let workDuration: Timer

    init(name: String) {
        let dimensions = [("name", name)]
        depth = Gauge(label: "workqueue_depth", dimensions: dimensions)
        adds = Counter(label: "workqueue_adds_total", dimensions: dimensions)
        retries = Counter(label: "workqueue_retries_total", dimensions: dimensions)
        workDuration = Timer(label: "workqueue_work_duration", dimensions: dimensions)
    }

    /// A key was asked for.
    func added() { adds.increment() }

    /// How many keys wait now.
    func waiting(_ count: Int) { depth.record(count) }

    /// A key's run ended.
    func finished(_ outcome: ReconcileOutcome, took duration: Duration) {
        workDuration.record(duration: duration)
        if outcome == .failed { retries.increment() }
    }
}
