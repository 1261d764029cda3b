import K8sClient

/// How many pods may be away at once when nodes are drained: one of the two, each a number or a share such as `25%`.
/// Where neither is given and there is more than one pod, one may be away.
struct Disruption: Codable, Sendable, Hashable {
    var minAvailable: JSONValue?
    var maxUnavailable: JSONValue?
}
