import HTTPTypes
import Observability

/// The metrics of the HTTP side. `http_requests_total{status=…}` is what the guide's alert watches.
struct HTTPMetrics: Sendable {
    /// The route of requests that matched none; their paths would be labels without end.
    static let unmatchedRoute = "unmatched"

    let inFlight: PrometheusGauge
    private let registry: PrometheusRegistry

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
        registry.counter(
            "http_requests_total", help: "Requests answered, by status, method and route.",
            labels: [("method", method), ("route", route), ("status", String(status.code))]
        ).increment()
        guard let duration else { return }
        registry.histogram(
            "http_request_duration_seconds", help: "Time from a request's head to the end of its answer.",
            labels: [("method", method), ("route", route)]
        ).observe(duration)
    }

    /// Methods are the client's to choose, so only the known ones become labels.
    private static func label(_ method: HTTPRequest.Method?) -> String {
        guard let method else { return "unknown" }
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        return known.contains(method) ? method.rawValue : "other"
    }
}
