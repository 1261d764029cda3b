/// A kind of object as the API server serves it: where its URLs lie and what its objects call themselves.
public struct APIResource: Sendable, Hashable {
    /// The API group; empty for the core group.
    public let group: String
    /// The version, as `v1`.
    public let version: String
    /// The kind, as `Deployment`.
    public let kind: String
    /// The plural name in URLs, as `deployments`.
    public let plural: String
    /// Whether its objects lie in namespaces.
    public let isNamespaced: Bool

    /// Describes a kind that this library does not list, such as a custom resource.
    public init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    /// `group/version`, or the version alone for the core group: what manifests hold as `apiVersion`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of a collection (no name), an object or a subresource.
    ///
    /// Without a namespace, the collection of a namespaced kind spans all namespaces. Names are percent-encoded, so that
    /// no name reaches another path. A namespace given for a cluster-scoped kind has no place in its path.
    public func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, let namespace { path += "/namespaces/" + PercentEncoding.segment(namespace) }
        path += "/" + plural
        if let name { path += "/" + PercentEncoding.segment(name) }
        // One with a path of its own, as `proxy/metrics`, keeps its slashes.
        for part in subresource?.split(separator: "/") ?? [] { path += "/" + PercentEncoding.segment(String(part)) }
        return path
    }
}
