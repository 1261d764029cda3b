import Hummingbird

/// A part of the API, added to the router behind the middleware that all of it has.
protocol RouteGroup: Sendable {
    func add(to router: Router<BackendRequestContext>)
}
