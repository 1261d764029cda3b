import K8sClient

/// A ChatGPT-style backend in a namespace of its own (`chatbackend.io/v1`, cluster-scoped).
///
/// The types under this folder mirror `crds/chatbackends.chatbackend.io.yaml`: the same names, the same defaults.
struct ChatBackend: Codable, Sendable {
    static let group = "chatbackend.io"
    static let kind = "ChatBackend"
    static let apiVersion = "chatbackend.io/v1"
    static let resource = APIResource(
        group: group, version: "v1", kind: kind, plural: "chatbackends", isNamespaced: false)

    /// Any new value of it makes the operator apply everything anew.
    static let reconcileAnnotation = "chatbackend.io/reconcile-at"

    /// What of a resource is kept: labels, annotations and `managedFields`, which nothing here depends on, are most of it.
    static let selection: JSONSelection = [
        "metadata": [
            "name": .all, "uid": .all, "resourceVersion": .all, "generation": .all, "creationTimestamp": .all,
            "deletionTimestamp": .all, "finalizers": .all, "annotations": [reconcileAnnotation: .all],
        ],
        "spec": .all, "status": .all,
    ]

    var metadata: ObjectMeta
    var spec: ChatBackendSpec
    var status: ChatBackendStatus?
    /// Why `spec` could not be read, when it could not: the resource is then told of it, and no other one suffers.
    var invalidSpec: String?

    private enum CodingKeys: CodingKey { case metadata, spec, status }

    init(metadata: ObjectMeta, spec: ChatBackendSpec, status: ChatBackendStatus? = nil) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
        do {
            spec = try container.decode(ChatBackendSpec.self, forKey: .spec, default: ChatBackendSpec())
        } catch {
            spec = ChatBackendSpec()
            invalidSpec = "\(error)"
        }
        // A status that cannot be read is one that another program wrote: it is made anew.
        status = try? container.decodeIfPresent(ChatBackendStatus.self, forKey: .status)
    }
}

extension ChatBackend: KubernetesObject {}

extension ChatBackend {
    var name: String { metadata.name }

    /// The namespace that everything is made in.
    var namespace: String { spec.namespace ?? name }

    /// What asks for everything to be applied anew; nil when nobody ever did.
    var reconcileRequest: String? { metadata.annotations[Self.reconcileAnnotation] }
}

extension KeyedDecodingContainer {
    /// The member, or the schema's default where it is absent.
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key, default value: @autoclosure () -> T) throws -> T {
        try decodeIfPresent(type, forKey: key) ?? value()
    }
}
