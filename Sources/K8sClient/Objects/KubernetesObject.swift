/// An object of the API, typed or dynamic, as informers and caches need it: who it is and which version of it.
///
/// A typed object has only to hold its `metadata`. `JSONValue` conforms without decoding its metadata as a whole.
public protocol KubernetesObject: Sendable {
    /// The object's metadata.
    var metadata: ObjectMeta { get }
    /// Namespace and name.
    var objectKey: ObjectKey { get }
    /// The uid; empty for an object that the server has not stored.
    var uid: String { get }
    /// The resource version; empty for an object that the server has not stored.
    var resourceVersion: String { get }
}

extension KubernetesObject {
    /// Namespace and name.
    public var objectKey: ObjectKey { ObjectKey(namespace: metadata.namespace, name: metadata.name) }
    /// The uid; empty for an object that the server has not stored.
    public var uid: String { metadata.uid }
    /// The resource version; empty for an object that the server has not stored.
    public var resourceVersion: String { metadata.resourceVersion }
}

extension JSONValue: KubernetesObject {
    /// The metadata, decoded at each call; a part that has not the shape of metadata reads as empty.
    public var metadata: ObjectMeta {
        guard let metadata = self["metadata"] else { return ObjectMeta() }
        if let whole = try? metadata.decode(ObjectMeta.self) { return whole }
        // A dynamic object may be anybody's text: what of it can be read is what this property promises.
        return ObjectMeta(
            name: objectKey.name, namespace: objectKey.namespace, uid: uid, resourceVersion: resourceVersion)
    }

    /// Namespace and name.
    public var objectKey: ObjectKey {
        guard case .object(let members) = self, case .object(let metadata)? = members["metadata"] else {
            return ObjectKey(name: "")
        }
        return ObjectKey(namespace: metadata["namespace"]?.string, name: metadata["name"]?.string ?? "")
    }

    /// The uid; empty when there is none.
    public var uid: String { metadataField("uid") }
    /// The resource version; empty when there is none.
    public var resourceVersion: String { metadataField("resourceVersion") }

    private func metadataField(_ name: String) -> String {
        guard case .object(let members) = self, case .object(let metadata)? = members["metadata"] else { return "" }
        return metadata[name]?.string ?? ""
    }
}

/// An object of which only the metadata was asked for: the server sends a fraction of the whole object.
public struct PartialObjectMetadata: Codable, Sendable, Hashable, KubernetesObject {
    /// `meta.k8s.io/v1`; empty inside lists of some servers.
    public var apiVersion: String?
    /// `PartialObjectMetadata`.
    public var kind: String?
    /// The object's metadata.
    public var metadata: ObjectMeta

    /// Makes one, for tests and caches.
    public init(apiVersion: String? = "meta.k8s.io/v1", kind: String? = "PartialObjectMetadata", metadata: ObjectMeta) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.metadata = metadata
    }
}
