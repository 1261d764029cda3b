import CoreMetrics
import Metrics
import Synchronization

/// Counts what a client does, by verb, resource and outcome, never by path. Each instrument is made once: looking one up
/// must not cost more than a request's bookkeeping should.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let first: String
        let resource: String
        let outcome: String
    }

    private struct Instruments {
        let count: Counter
        let duration: Metrics.Timer
    }

    private let factory: any MetricsFactory
    private let requests = Mutex<[Key: Instruments]>([:])
    private let retries = Mutex<[Key: Counter]>([:])
    private let restarts = Mutex<[Key: Counter]>([:])

    init(_ factory: any MetricsFactory) {
        self.factory = factory
    }

    /// An attempt has ended: with an HTTP status, or the code of a `KubernetesError`.
    func record(verb: String, resource: String, code: String, _ elapsed: Duration) {
        let key = Key(first: verb, resource: resource, outcome: code)
        let instruments = requests.withLock { known in
            if let existing = known[key] { return existing }
            let made = Instruments(
                count: Counter(
                    label: "kubernetes_client_requests_total",
                    dimensions: [("verb", verb), ("resource", resource), ("code", code)], factory: factory),
                duration: Metrics.Timer(
                    label: "kubernetes_client_request_duration_seconds",
                    dimensions: [("verb", verb), ("resource", resource)], factory: factory))
            known[key] = made
            return made
        }
        instruments.count.increment()
        let (seconds, attoseconds) = elapsed.components
        instruments.duration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// A request is sent once more, after an attempt that ended with this code.
    func retried(verb: String, resource: String, code: String) {
        let key = Key(first: verb, resource: resource, outcome: code)
        count(
            retries, key, "kubernetes_client_retries_total",
            [("verb", verb), ("resource", resource), ("code", code)])
    }

    /// A watch ended and is begun anew, for this reason: `closed`, or as a `KubernetesError` says it.
    func watchRestarted(resource: String, reason: String) {
        let key = Key(first: "", resource: resource, outcome: reason)
        count(
            restarts, key, "kubernetes_client_watch_restarts_total", [("resource", resource), ("reason", reason)])
    }

    private func count(
        _ known: borrowing Mutex<[Key: Counter]>, _ key: Key, _ label: String, _ dimensions: [(String, String)]
    ) {
        let counter = known.withLock { known in
            if let existing = known[key] { return existing }
            let made = Counter(label: label, dimensions: dimensions, factory: factory)
            known[key] = made
            return made
        }
        counter.increment()
    }

    /// One gauge a lane: how many requests wait for a place.
    func queueDepth(_ lanes: [RequestBudget.Lane]) -> @Sendable (_ lane: Int, _ depth: Int) -> Void {
        let gauges = lanes.map {
            Gauge(label: "kubernetes_client_queue_depth", dimensions: [("lane", $0.rawValue)], factory: factory)
        }
        return { lane, depth in gauges[lane].record(depth) }
    }
}
