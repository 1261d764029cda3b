import HTTPTypes
import Hummingbird
import Observability

/// Puts middleware and routes together.
struct BackendRouter {
    let settings: Settings
    let lifecycle: Lifecycle
    let registry: PrometheusRegistry
    let metrics: HTTPMetrics
    let services: BackendServices

    /// The whole API.
    private var groups: [any RouteGroup] {
        let described: [any RouteGroup] =
            [
                AboutRoute(), HealthRoutes(lifecycle: lifecycle, dependencies: services.dependencies),
                MetricsRoute(registry: registry),
            ] + services.routes + [
                RealtimeRoutes(
                    admission: WebSocketAdmission(
                        origins: settings.corsOrigins, allowedHosts: settings.allowedHosts,
                        authenticator: services.chat.chat.access.authenticator))
            ]
        return described + [DocumentationRoutes(describing: described)]
    }

    /// - Parameter addRoutes: Adds further routes behind the same middleware.
    func makeRouter(addRoutes: (Router<BackendRequestContext>) -> Void = { _ in }) -> Router<BackendRequestContext> {
        let router = Router(context: BackendRequestContext.self, options: .autoGenerateHeadEndpoints)
        // From the outside in: each sees the answers of all below it.
        router.add(middleware: RequestIDMiddleware())
        router.add(middleware: ObservationMiddleware(metrics: metrics))
        router.add(middleware: AllowedHostsMiddleware(allowedHosts: settings.allowedHosts))
        router.add(middleware: CORSPolicyMiddleware(origins: settings.corsOrigins))
        router.add(middleware: ErrorMiddleware(showsCauses: settings.isDebug, bodyLimit: settings.maximumBodySize))
        router.add(middleware: BodyLimitMiddleware(limit: settings.maximumBodySize))

        for group in groups { group.add(to: router) }
        addRoutes(router)
        router.refuseOtherMethods()
        return router
    }
}

extension Router where Context == BackendRequestContext {
    /// Answers 405 where a path exists and the method does not, and OPTIONS with what does. Call it after the last route.
    fileprivate func refuseOtherMethods() {
        var known: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]
        // A method of OpenAPI 3.2 that nothing here has.
        if let query = HTTPRequest.Method("QUERY") { known.append(query) }
        let methods = Dictionary(grouping: routes, by: \.path.description)
        for (_, routes) in methods {
            guard let path = routes.first?.path else { continue }
            var allowed = Set(routes.map(\.method))
            // The router adds HEAD to every GET when it is built.
            if allowed.contains(.get) { allowed.insert(.head) }
            let hasOptions = allowed.contains(.options)
            allowed.insert(.options)
            let listed = known.filter(allowed.contains)
            for method in known where !allowed.contains(method) {
                on(path, method: method) { _, _ -> Response in
                    throw APIError.methodNotAllowed(method, allowed: listed)
                }
            }
            if !hasOptions {
                on(path, method: .options) { _, _ in
                    Response(status: .noContent, headers: [.allow: listed.map(\.rawValue).joined(separator: ", ")])
                }
            }
        }
    }
}
