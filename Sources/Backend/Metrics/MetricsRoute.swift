import HTTPTypes
import Hummingbird
import NIOCore
import Observability

/// `GET /metrics`.
struct MetricsRoute: RouteGroup {
    let registry: PrometheusRegistry

    func add(to router: Router<BackendRequestContext>) {
        router.get(RouterPath(OperationalPaths.metrics)) { [registry] _, _ in
            Response(
                status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.render())))
        }
    }
}
