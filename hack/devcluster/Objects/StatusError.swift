import K8sClient

/// A refusal in the API server's own words: the HTTP status and the fields of the `Status` body.
struct StatusError: Error, Sendable, Hashable {
    var code: Int
    var reason: String
    var message: String
    /// The `details` member, when there is one.
    var details: JSONValue?
}
