import Metrics
import Synchronization

/// Counts requests by verb, resource and outcome. Each counter is made once: looking one up must not cost more than a
/// request's bookkeeping should.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let verb: String
        let resource: String
        let code: String
    }

    private struct Instruments {
        let count: Counter
        let duration: Metrics.Timer
    }

    private let instruments = Mutex<[Key: Instruments]>([:])

    func record(verb: String, resource: String, code: String, _ elapsed: Duration) {
        let key = Key(verb: verb, resource: resource, code: code)
        let instruments = instruments.withLock { known in
            if let existing = known[key] { return existing }
            let made = Instruments(
                count: Counter(
                    label: "kubernetes_client_requests_total",
                    dimensions: [("verb", verb), ("resource", resource), ("code", code)]),
                duration: Metrics.Timer(
                    label: "kubernetes_client_request_duration_seconds",
                    dimensions: [("verb", verb), ("resource", resource)]))
            known[key] = made
            return made
        }
        instruments.count.increment()
        let (seconds, attoseconds) = elapsed.components
        instruments.duration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
