/// The metadata that every object carries (`metav1.ObjectMeta`).
public struct ObjectMeta: Sendable, Hashable {
    /// The name, unique in its namespace among objects of the kind.
    public var name: String
    /// The namespace; `nil` for cluster-scoped objects.
    public var namespace: String?
    /// What tells this object from an earlier one of the same name.
    public var uid: String
    /// The server's version of the object: opaque, changed by every write.
    public var resourceVersion: String
    /// Counts the changes of the desired state.
    public var generation: Int64?
    /// When the server stored it (RFC 3339).
    public var creationTimestamp: String?
    /// When deletion was asked for (RFC 3339); set while finalizers hold the object.
    public var deletionTimestamp: String?
    /// The labels, by which selectors find it.
    public var labels: [String: String]
    /// The annotations.
    public var annotations: [String: String]
    /// What must be removed before the object may go.
    public var finalizers: [String]
    /// The objects with which this one is collected.
    public var ownerReferences: [OwnerReference]
    /// Which fields which manager set.
    public var managedFields: [ManagedFieldsEntry]

    /// Makes metadata; what is not given is empty.
    public init(
        name: String = "", namespace: String? = nil, uid: String = "", resourceVersion: String = "",
        generation: Int64? = nil, creationTimestamp: String? = nil, deletionTimestamp: String? = nil,
        labels: [String: String] = [:], annotations: [String: String] = [:], finalizers: [String] = [],
        ownerReferences: [OwnerReference] = [], managedFields: [ManagedFieldsEntry] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.labels = labels
        self.annotations = annotations
        self.finalizers = finalizers
        self.ownerReferences = ownerReferences
        self.managedFields = managedFields
    }

    /// Whether deletion was asked for.
    public var isBeingDeleted: Bool { deletionTimestamp != nil }
}

extension ObjectMeta: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp
        case labels, annotations, finalizers, ownerReferences, managedFields
    }

    /// Reads metadata; what is missing is empty.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decodeIfPresent(String.self, forKey: .name) ?? ""
        namespace = try fields.decodeIfPresent(String.self, forKey: .namespace)
        uid = try fields.decodeIfPresent(String.self, forKey: .uid) ?? ""
        resourceVersion = try fields.decodeIfPresent(String.self, forKey: .resourceVersion) ?? ""
        generation = try fields.decodeIfPresent(Int64.self, forKey: .generation)
        creationTimestamp = try fields.decodeIfPresent(String.self, forKey: .creationTimestamp)
        deletionTimestamp = try fields.decodeIfPresent(String.self, forKey: .deletionTimestamp)
        labels = try fields.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        annotations = try fields.decodeIfPresent([String: String].self, forKey: .annotations) ?? [:]
        finalizers = try fields.decodeIfPresent([String].self, forKey: .finalizers) ?? []
        ownerReferences = try fields.decodeIfPresent([OwnerReference].self, forKey: .ownerReferences) ?? []
        managedFields = try fields.decodeIfPresent([ManagedFieldsEntry].self, forKey: .managedFields) ?? []
    }

    /// Leaves out what is empty, as the server does.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        if !name.isEmpty { try fields.encode(name, forKey: .name) }
        try fields.encodeIfPresent(namespace, forKey: .namespace)
        if !uid.isEmpty { try fields.encode(uid, forKey: .uid) }
        if !resourceVersion.isEmpty { try fields.encode(resourceVersion, forKey: .resourceVersion) }
        try fields.encodeIfPresent(generation, forKey: .generation)
        try fields.encodeIfPresent(creationTimestamp, forKey: .creationTimestamp)
        try fields.encodeIfPresent(deletionTimestamp, forKey: .deletionTimestamp)
        if !labels.isEmpty { try fields.encode(labels, forKey: .labels) }
        if !annotations.isEmpty { try fields.encode(annotations, forKey: .annotations) }
        if !finalizers.isEmpty { try fields.encode(finalizers, forKey: .finalizers) }
        if !ownerReferences.isEmpty { try fields.encode(ownerReferences, forKey: .ownerReferences) }
        if !managedFields.isEmpty { try fields.encode(managedFields, forKey: .managedFields) }
    }
}

/// An object with which another is collected (`metav1.OwnerReference`).
public struct OwnerReference: Codable, Sendable, Hashable {
    /// The owner's `apiVersion`.
    public var apiVersion: String
    /// The owner's kind.
    public var kind: String
    /// The owner's name.
    public var name: String
    /// The owner's uid: a new object of the same name is no owner.
    public var uid: String
    /// Whether this owner is the managing controller.
    public var controller: Bool?
    /// Whether foreground deletion of the owner waits for this object.
    public var blockOwnerDeletion: Bool?

    /// Makes a reference.
    public init(
        apiVersion: String, kind: String, name: String, uid: String, controller: Bool? = nil,
        blockOwnerDeletion: Bool? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }
}

/// The fields that one manager set (`metav1.ManagedFieldsEntry`).
public struct ManagedFieldsEntry: Codable, Sendable, Hashable {
    /// The manager's name.
    public var manager: String?
    /// `Apply` or `Update`.
    public var operation: String?
    /// The version in which the fields are named.
    public var apiVersion: String?
    /// When the entry last changed (RFC 3339).
    public var time: String?
    /// The subresource through which the fields were set.
    public var subresource: String?
    /// Always `FieldsV1`.
    public var fieldsType: String?
    /// The set of fields.
    public var fieldsV1: JSONValue?

    /// Makes an entry.
    public init(
        manager: String? = nil, operation: String? = nil, apiVersion: String? = nil, time: String? = nil,
        subresource: String? = nil, fieldsType: String? = nil, fieldsV1: JSONValue? = nil
    ) {
        self.manager = manager
        self.operation = operation
        self.apiVersion = apiVersion
        self.time = time
        self.subresource = subresource
        self.fieldsType = fieldsType
        self.fieldsV1 = fieldsV1
    }
}
