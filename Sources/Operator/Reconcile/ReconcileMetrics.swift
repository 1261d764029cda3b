import Metrics

/// controller-runtime's metrics of a controller, under its names. Made once: looking one up costs more than a run that finds
/// nothing to do.
struct ReconcileMetrics: Sendable {
    private let time: Timer
    private let success: Counter
    private let requeueAfter: Counter
    private let error: Counter

    init() {
        let dimensions = [("controller", "chatbackend")]
        func counter(_ result: String) -> Counter {
            Counter(label: "controller_runtime_reconcile_total", dimensions: dimensions + [("result", result)])
        }
        time = Timer(label: "controller_runtime_reconcile_time", dimensions: dimensions)
        success = counter("success")
        requeueAfter = counter("requeue_after")
        error = counter("error")
    }

    func record(_ outcome: ReconcileOutcome, took duration: Duration) {
        time.record(duration: duration)
        switch outcome {
        case .done: success.increment()
        case .recheck: requeueAfter.increment()
        case .failed: error.increment()
        }
    }
}
