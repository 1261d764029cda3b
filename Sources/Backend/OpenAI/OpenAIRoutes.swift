import HTTPTypes
import Hummingbird

/// The API that OpenAI's clients speak, under `/v1`.
struct OpenAIRoutes: RouteGroup {
    let proxy: CompletionProxy
    let models: ModelCatalog
    let authenticator: any Authenticator

    func add(to router: Router<BackendRequestContext>) {
        for endpoint in ProxyEndpoint.allCases {
            router.post(RouterPath(endpoint.servicePath)) { request, context in
                try await proxy.answer(to: request, endpoint, context)
            }
        }
        router.get("/v1/models") { request, _ in
            _ = try await authenticator.caller(authorization: request.headers[.authorization])
            return try await models.list()
        }
        // Names of models may have slashes in them, which clients send as they are.
        router.get("/v1/models/**") { request, context in
            _ = try await authenticator.caller(authorization: request.headers[.authorization])
            return try await models.model(context.parameters.getCatchAll().joined(separator: "/"))
        }
    }
}
