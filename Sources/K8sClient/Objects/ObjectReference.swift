/// Which object something is about (`v1.ObjectReference`).
public struct ObjectReference: Codable, Sendable, Hashable {
    /// The object's `apiVersion`.
    public var apiVersion: String?
    /// The object's kind.
    public var kind: String?
    /// The object's namespace; `nil` for cluster-scoped objects.
    public var namespace: String?
    /// The object's name.
    public var name: String?
    /// The object's uid.
    public var uid: String?
    /// The version that was looked at.
    public var resourceVersion: String?
    /// The part of the object, as `spec.containers{web}`.
    public var fieldPath: String?

    /// Makes a reference.
    public init(
        apiVersion: String? = nil, kind: String? = nil, namespace: String? = nil, name: String? = nil,
        uid: String? = nil, resourceVersion: String? = nil, fieldPath: String? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.fieldPath = fieldPath
    }

    /// A reference to an object of a kind.
    public init(_ resource: APIResource, _ metadata: ObjectMeta) {
        self.init(
            apiVersion: resource.apiVersion, kind: resource.kind, namespace: metadata.namespace, name: metadata.name,
            uid: metadata.uid.isEmpty ? nil : metadata.uid,
            resourceVersion: metadata.resourceVersion.isEmpty ? nil : metadata.resourceVersion)
    }
}
