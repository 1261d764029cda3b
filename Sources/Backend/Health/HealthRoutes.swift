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

    var operations: [APIOperation] {
        [
            APIOperation(
                method: .get, path: OperationalPaths.liveness, id: "getHealth", tag: "Operations",
                summary: "Liveness: whether the process answers", access: .anyone,
                answers: [.ok("It does.", .json(.object(required: ["status": .string(), "version": .string()])))]),
            APIOperation(
                method: .get, path: OperationalPaths.readiness, id: "getReadiness", tag: "Operations",
                summary: "Readiness: whether requests can be answered, with each dependency's state", access: .anyone,
                answers: [
                    .ok("They can.", .json(.named("Readiness"))),
                    Answer(status: 503, description: "They cannot.", contents: [.json(.named("Readiness"))]),
                ]),
        ]
    }

    private typealias Answer = APIOperation.Answer

    let schemas: [String: JSONSchema] = [
        "Readiness": .object(
            required: [
                "status": .oneOf(["starting", "ready", "draining", "unavailable"]), "version": .string(),
                "dependencies": .map(
                    of: .object(
                        required: ["status": .oneOf(["ok", "degraded", "unavailable"])],
                        optional: ["reason": .string("Why, in one sentence.")]), "By name: `database`, `redis`, …"),
            ])
    ]

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
