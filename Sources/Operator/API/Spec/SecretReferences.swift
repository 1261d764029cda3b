/// A Secret in the backend's namespace.
struct LocalObjectReference: Codable, Sendable, Hashable {
    var name: String
}

/// One key of a Secret in the backend's namespace.
struct SecretKeyReference: Codable, Sendable, Hashable {
    var name: String
    var key: String
}
