import HTTPTypes
import Hummingbird

/// Refuses requests for names that are not ours.
///
/// Probes and scrapes are exempt: the kubelet and Prometheus address the pod, and send its address as `Host`.
struct AllowedHostsMiddleware: RouterMiddleware {
    let allowedHosts: AllowedHosts

    func handle(
        _ request: Request, context: BackendRequestContext,
        next: @concurrent (Request, BackendRequestContext) async throws -> Response
    ) async throws -> Response {
        guard HostHeader.isUnambiguous(request) else { return APIError.malformedHost.response() }
        guard allowedHosts.allows(request.head.authority) || OperationalPaths.contains(request.uri.path) else {
            return APIError.hostNotAllowed.response()
        }
        return try await next(request, context)
    }
}
