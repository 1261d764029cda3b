import HTTPTypes
import Hummingbird
import NIOCore
import Observability

/// `GET /metrics`.
struct MetricsRoute: RouteGroup {
    let registry: PrometheusRegistry

    var operations: [APIOperation] {
        [
            APIOperation(
                method: .get, path: OperationalPaths.metrics, id: "getMetrics", tag: "Operations",
                summary: "Metrics in Prometheus' text format", access: .anyone, answers: [.ok("The metrics.", .text)])
        ]
    }

    func add(to router: Router<BackendRequestContext>) {
        router.get(RouterPath(OperationalPaths.metrics)) { [registry] _, _ in
            Response(
                status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.render())))
        }
    }
}
