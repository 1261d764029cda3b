import HTTPTypes
import Hummingbird

/// `GET /health`, liveness, and `GET /health/ready`, readiness.
struct HealthRoutes {
    let lifecycle: Lifecycle

    private struct Report: Encodable {
        let status: String
        let version: String
    }

    func add(to router: Router<BackendRequestContext>) {
        // Made once: liveness asks whether the process answers, nothing else.
        let alive = JSONBody.encode(Report(status: "ok", version: Version.number))
        router.get(RouterPath(OperationalPaths.liveness)) { _, _ in
            Response(status: .ok, headers: Self.headers, body: ResponseBody(byteBuffer: alive))
        }
        router.get(RouterPath(OperationalPaths.readiness)) { [lifecycle] _, _ in
            let state = lifecycle.state
            var response = JSONBody.response(
                Report(status: "\(state)", version: Version.number),
                status: state == .ready ? .ok : .serviceUnavailable)
            response.headers[.cacheControl] = "no-store"
            return response
        }
    }

    private static let headers: HTTPFields = [.contentType: JSONBody.contentType, .cacheControl: "no-store"]
}
