import NIOHTTP1
import Observability

/// What a request to the operator's endpoints is answered with. Pure.
struct EndpointAnswer: Sendable, Equatable {
    let status: HTTPResponseStatus
    var contentType = "text/plain; charset=utf-8"
    let body: String

    /// - Parameters:
    ///   - notReadyReason: nil when the operator does its work.
    ///   - metrics: the registry's text exposition.
    static func to(
        _ head: HTTPRequestHead, notReadyReason: () -> String?, metrics: () -> String
    ) -> EndpointAnswer {
        let path = head.uri.prefix { $0 != "?" }
        guard ["/healthz", "/readyz", "/metrics"].contains(path) else {
            return EndpointAnswer(status: .notFound, body: "not found: /healthz, /readyz and /metrics are served\n")
        }
        guard head.method == .GET || head.method == .HEAD else {
            return EndpointAnswer(status: .methodNotAllowed, body: "only GET and HEAD are answered\n")
        }
        switch path {
        case "/metrics":
            return EndpointAnswer(status: .ok, contentType: PrometheusRegistry.contentType, body: metrics())
        case "/readyz":
            guard let reason = notReadyReason() else { return EndpointAnswer(status: .ok, body: "ok\n") }
            return EndpointAnswer(status: .serviceUnavailable, body: reason + "\n")
        default:
            return EndpointAnswer(status: .ok, body: "ok\n")
        }
    }
}
