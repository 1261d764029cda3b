import HTTPTypes
import Observability
import Synchronization

/// The metrics of the HTTP side. `http_requests_total{status=…}` is what the guide's alert watches.
struct HTTPMetrics: Sendable {
    /// The route of requests that matched none; their paths would be labels without end.
    static let unmatchedRoute = "unmatched"

    let inFlight: PrometheusGauge
    private let registry: PrometheusRegistry
    private let known = KnownInstruments()

    init(registry: PrometheusRegistry) {
        self.registry = registry
        inFlight = registry.gauge("http_requests_in_flight", help: "Requests being answered.")
    }

    /// Counts one answered request.
    /// - Parameters:
    ///   - method: Nil when the request was not readable.
    ///   - duration: Nil when there was nothing to time.
    func record(method: HTTPRequest.Method?, route: String, status: HTTPResponse.Status, duration: Duration?) {
        let method = Self.label(method)
        guard let duration else {
            counter(method, route, status.code).increment()
            return
        }
        let instruments = known.instruments(.init(method: method, route: route, status: status.code)) {
            let histogram = registry.histogram(
                "http_request_duration_seconds", help: "Time from a request's head to the end of its answer.",
                labels: [("method", method), ("route", route)])
            return KnownInstruments.Pair(counter: counter(method, route, status.code), histogram: histogram)
        }
        instruments.counter.increment()
        instruments.histogram.observe(duration)
    }

    private func counter(_ method: String, _ route: String, _ status: Int) -> PrometheusCounter {
        registry.counter(
            "http_requests_total", help: "Requests answered, by status, method and route.",
            labels: [("method", method), ("route", route), ("status", String(status))])
    }

    /// Methods are the client's to choose, so only the known ones become labels.
    private static func label(_ method: HTTPRequest.Method?) -> String {
        guard let method else { return "unknown" }
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        return known.contains(method) ? method.rawValue : "other"
    }
}

/// The instruments of requests like those before: the registry would sort and check their labels each time. Methods, routes and
/// statuses are few.
private final class KnownInstruments: Sendable {
    struct Key: Hashable, Sendable {
        let method: String
        let route: String
        let status: Int
    }

    struct Pair: Sendable {
        let counter: PrometheusCounter
        let histogram: PrometheusHistogram
    }

    private let pairs = Mutex<[Key: Pair]>([:])

    func instruments(_ key: Key, make: () -> Pair) -> Pair {
        pairs.withLock { pairs in
            if let pair = pairs[key] { return pair }
            let pair = make()
            pairs[key] = pair
            return pair
        }
    }
}
