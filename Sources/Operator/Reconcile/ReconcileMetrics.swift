import Metrics

/// controller-runtime's metrics of a controller, under its names. Made once: looking one up costs more than a run that finds
/// nothing to do.
struct ReconcileMetrics: Sendable {
    private let time: Timer
    private let success: Counter
    private let requeueAfter: Counter
    private let error: Counter
    private let errors: Counter
    private let activeWorkers: Meter

    /// - Parameter workers: How many runs there may be at once.
    init(workers: Int) {
        let dimensions = [("controller", "chatbackend")]
        func counter(_ result: String) -> Counter {
            Counter(label: "controller_runtime_reconcile_total", dimensions: dimensions + [("result", result)])
        }
        time = Timer(label: "controller_runtime_reconcile_time", dimensions: dimensions)
        success = counter("success")
        requeueAfter = counter("requeue_after")
        error = counter("error")
        errors = Counter(label: "controller_runtime_reconcile_errors_total", dimensions: dimensions)
        activeWorkers = Meter(label: "controller_runtime_active_workers", dimensions: dimensions)
        Gauge(label: "controller_runtime_max_concurrent_reconciles", dimensions: dimensions).record(workers)
    }

    /// Measures a run.
    func measure(_ run: () async -> ReconcileOutcome) async -> ReconcileOutcome {
        activeWorkers.increment(by: 1)
        defer { activeWorkers.decrement(by: 1) }
        let start = ContinuousClock.now
        let outcome = await run()
        time.record(duration: .now - start)
        switch outcome {
        case .done: success.increment()
        case .recheck: requeueAfter.increment()
        case .failed:
            error.increment()
            errors.increment()
        }
        return outcome
    }
}
