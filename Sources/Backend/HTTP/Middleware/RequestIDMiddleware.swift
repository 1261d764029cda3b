import HTTPTypes
import Hummingbird

/// Takes a request's id from `X-Request-Id` when it is a sane one, and says the id in the answer.
struct RequestIDMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: BackendRequestContext,
        next: @concurrent (Request, BackendRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let given = request.headers[.requestID].flatMap(RequestIdentifier.init(parsing:)) {
            context = context.identified(as: given)
        }
        var response = try await next(request, context)
        response.headers[.requestID] = context.requestID.description
        return response
    }
}
