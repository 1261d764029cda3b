import Hummingbird

/// `GET /ws/chat` as it is answered when no WebSocket comes of it: with the reason.
struct RealtimeRoutes: RouteGroup {
    let admission: WebSocketAdmission

    func add(to router: Router<BackendRequestContext>) {
        router.get(RouterPath(WebSocketAdmission.path)) { request, _ -> Response in
            _ = try await admission.admit(request.head)
            // It may have one, and gets none only in the middle of other requests of its connection.
            throw APIError.upgradeRequired
        }
    }
}
