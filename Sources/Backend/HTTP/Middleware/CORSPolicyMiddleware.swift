import HTTPTypes
import Hummingbird

/// Lets browsers call from the origins that `CORS_ORIGINS` lists: answers their preflights, and marks answers as readable.
///
/// Other origins get no CORS headers, which is how a browser learns that it must not.
struct CORSPolicyMiddleware: RouterMiddleware {
    let origins: CORSOrigins

    private static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
    /// What clients of such services send, beyond what browsers always may.
    private static let requestHeaders = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id"
    private static let responseHeaders = "X-Request-Id, Retry-After"

    func handle(
        _ request: Request, context: BackendRequestContext,
        next: @concurrent (Request, BackendRequestContext) async throws -> Response
    ) async throws -> Response {
        guard origins != .listed([]) else { return try await next(request, context) }
        let allowed = request.headers[.origin].flatMap(origins.allowed)
        var response: Response
        if request.method == .options, request.headers[.origin] != nil,
            request.headers[.accessControlRequestMethod] != nil
        {
            response = Response(status: .noContent)
            if allowed != nil {
                response.headers[.accessControlAllowMethods] = Self.methods
                response.headers[.accessControlAllowHeaders] = Self.requestHeaders
                // Browsers cap it: Chromium at two hours.
                response.headers[.accessControlMaxAge] = "7200"
            }
        } else {
            response = try await next(request, context)
            if allowed != nil { response.headers[.accessControlExposeHeaders] = Self.responseHeaders }
        }
        if let allowed {
            response.headers[.accessControlAllowOrigin] = allowed
            // The standard forbids credentials for everybody.
            if allowed != "*" { response.headers[.accessControlAllowCredentials] = "true" }
        }
        // Also without an Origin: a cache must not give that answer to a page that sends one.
        if origins != .all { response.headers[.vary] = "Origin" }
        return response
    }
}
