import Hummingbird

/// A part of the API, added to the router behind the middleware that all of it has.
protocol RouteGroup: Sendable {
    /// What ``add(to:)`` adds, for the OpenAPI document; a test compares the two.
    var operations: [APIOperation] { get }

    /// The schemas that the operations name.
    var schemas: [String: JSONSchema] { get }

    func add(to router: Router<BackendRequestContext>)
}

extension RouteGroup {
    var schemas: [String: JSONSchema] { [:] }
}
