/// What names an object among those of its kind.
public struct ObjectKey: Sendable, Hashable {
    /// The namespace; `nil` for cluster-scoped objects.
    public let namespace: String?
    /// The object's name.
    public let name: String

    /// Makes a key; an empty namespace counts as none.
    public init(namespace: String? = nil, name: String) {
        self.namespace = namespace?.isEmpty == true ? nil : namespace
        self.name = name
    }
}

extension ObjectKey: CustomStringConvertible, Comparable {
    /// `namespace/name`, or `name` for cluster-scoped objects.
    public var description: String { namespace.map { "\($0)/\(name)" } ?? name }

    /// By namespace, then by name.
    public static func < (left: Self, right: Self) -> Bool {
        (left.namespace ?? "", left.name) < (right.namespace ?? "", right.name)
    }
}
