import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Observability

/// Counts and times each request and writes its line in the log. Neither ever holds a body, a query or a header's secret.
struct ObservationMiddleware: RouterMiddleware {
    let metrics: HTTPMetrics

    func handle(
        _ request: Request, context: BackendRequestContext,
        next: @concurrent (Request, BackendRequestContext) async throws -> Response
    ) async throws -> Response {
        let observation = Observation(request, context, metrics)
        do {
            let response = try await next(request, context)
            guard response.body.contentLength == nil else {
                observation.finish(status: response.status)
                return response
            }
            // A body of unknown length is written as it comes: the request is in flight until its end, whatever that is.
            var streamed = response
            let body = response.body
            streamed.body = ResponseBody { writer in
                defer { observation.finish(status: response.status) }
                try await body.write(writer)
            }
            return streamed
        } catch {
            observation.finish(status: .internalServerError)
            throw error
        }
    }
}

/// One request between its beginning and its end.
private struct Observation: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let context: BackendRequestContext
    let metrics: HTTPMetrics
    let start = ContinuousClock.now

    init(_ request: Request, _ context: BackendRequestContext, _ metrics: HTTPMetrics) {
        method = request.method
        path = request.uri.path
        self.context = context
        self.metrics = metrics
        metrics.inFlight.increment()
    }

    func finish(status: HTTPResponse.Status) {
        let duration = ContinuousClock.now - start
        let route = context.endpointPath.flatMap { $0 == "NotFound" ? nil : $0 } ?? HTTPMetrics.unmatchedRoute
        metrics.inFlight.decrement()
        metrics.record(method: method, route: route, status: status, duration: duration)
        // Probes and scrapes come every few seconds for good; they are worth a line only to who looks for them.
        let level: Logger.Level = OperationalPaths.contains(path) ? .debug : .info
        context.logger.log(
            level: level, "request",
            metadata: [
                "method": "\(method.rawValue)",
                "path": "\(path.prefix(1024))",
                "route": "\(route)",
                "status": .stringConvertible(status.code),
                "duration_ms": .stringConvertible((duration / .microseconds(10)).rounded() / 100),
                "remote": "\(context.remoteAddress?.ipAddress ?? "unknown")",
            ])
    }
}
