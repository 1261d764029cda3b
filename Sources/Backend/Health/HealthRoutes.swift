import HTTPTypes
import Hummingbird

/// `GET /health`, liveness, and `GET /health/ready`, readiness.
struct HealthRoutes: RouteGroup {
    let lifecycle: Lifecycle
    var dependencies: [any Dependency] = []

    private struct Liveness: Encodable {
        let status: String
        let version: String
    }

    private struct Readiness: Encodable {
        struct Dependency: Encodable {
            let status: String
            let reason: String?
        }

        let status: String
        let version: String
        let dependencies: [String: Dependency]
    }

    func add(to router: Router<BackendRequestContext>) {
        // Made once: liveness asks whether the process answers, nothing else.
        let alive = JSONBody.encode(Liveness(status: "ok", version: Version.number))
        router.get(RouterPath(OperationalPaths.liveness)) { _, _ in
            Response(status: .ok, headers: Self.headers, body: ResponseBody(byteBuffer: alive))
        }
        router.get(RouterPath(OperationalPaths.readiness)) { _, _ in await readiness() }
    }

    private func readiness() async -> Response {
        let states = await withTaskGroup(of: (String, DependencyState).self) { group in
            for dependency in dependencies {
                group.addTask { (dependency.name, await dependency.state()) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let isServed = states.values.allSatisfy { if case .unavailable = $0 { false } else { true } }
        let state = lifecycle.state
        let status = state == .ready && !isServed ? "unavailable" : "\(state)"
        var response = JSONBody.response(
            Readiness(status: status, version: Version.number, dependencies: states.mapValues(Self.report)),
            status: status == "ready" ? .ok : .serviceUnavailable)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private static func report(_ state: DependencyState) -> Readiness.Dependency {
        switch state {
        case .ok: .init(status: "ok", reason: nil)
        case .degraded(let reason): .init(status: "degraded", reason: reason)
        case .unavailable(let reason): .init(status: "unavailable", reason: reason)
        }
    }

    private static let headers: HTTPFields = [.contentType: JSONBody.contentType, .cacheControl: "no-store"]
}
