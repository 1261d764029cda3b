/// A resource as the server stores it, whatever version it is asked for in: `("apps", "deployments")`; the core group
/// is the empty string.
struct GroupResource: Hashable, Sendable {
    var group: String
    var resource: String

    init(_ group: String, _ resource: String) {
        self.group = group
        self.resource = resource
    }
}

extension GroupResource: CustomStringConvertible {
    /// `configmaps`, `deployments.apps`: as messages name it.
    var description: String { group.isEmpty ? resource : "\(resource).\(group)" }
}

/// A kind within its group, as messages about invalid objects name it: `Deployment.apps`.
struct GroupKind: Hashable, Sendable, CustomStringConvertible {
    var group: String
    var kind: String

    init(_ group: String, _ kind: String) {
        self.group = group
        self.kind = kind
    }

    var description: String { group.isEmpty ? kind : "\(kind).\(group)" }
}
