import K8sClient

/// Everything the server knows about one kind in one version: how it is addressed, what it may hold, what is filled in,
/// refused and shown.
struct KindDefinition: Sendable {
    let group: String
    let version: String
    let resource: String
    let singular: String
    let kind: String
    let isNamespaced: Bool
    var shortNames: [String] = []
    var categories: [String] = []
    let schema: Schema
    var isBuiltIn = true
    /// Where the objects lie; another version or group of the same objects names the same place.
    var storage: GroupResource
    /// The `apiVersion` that objects are stored under.
    var storageAPIVersion: String
    var hasStatus = false
    var scale: ScalePaths?
    /// Whether `metadata.generation` counts the changes of what a user asks for.
    var countsGenerations = false
    /// Edition of a custom resource's schema; objects of an older one are defaulted anew when read.
    var schemaRevision = 0
    /// Members of the object's struct that exist before anything is written to them, as Go's zero value has them.
    var emptyObject: JSONValue = [:]
    /// The fields that field selectors may ask for, by their dotted path.
    var selectableFields: [String] = []
    var columns: [TableColumn] = TableColumn.nameAndAge
    var cells: @Sendable (JSONValue) -> [JSONValue] = TableColumn.nameAndAgeCells
    var nameRule: NameRule = .subdomain
    /// Turns an object that lies under another group's form into this one, and back.
    var conversion: Conversion?
    var defaults: @Sendable (inout JSONValue) -> Void = { _ in }
    /// Readies an object for its first writing.
    var prepareForCreate: @Sendable (inout JSONValue) -> Void = { _ in }
    /// Readies a new state for writing over the old one.
    var prepareForUpdate: @Sendable (inout JSONValue, JSONValue) -> Void = { _, _ in }
    var validate: @Sendable (JSONValue, inout [FieldError]) -> Void = { _, _ in }
    /// What a change may not touch.
    var validateUpdate: @Sendable (JSONValue, JSONValue, inout [FieldError]) -> Void = { _, _, _ in }
    /// Whether only creating is offered, and nothing is stored: reviews and the like.
    var isVirtual = false

    struct ScalePaths: Sendable, Hashable {
        var specReplicas: [String]
        var statusReplicas: [String]
        /// Where the selector lies in text form; nil when it is the object's own `spec.selector`.
        var selector: [String]?
        var hasLabelSelector = true
    }

    struct Conversion: Sendable {
        var fromStorage: @Sendable (inout JSONValue) -> Void
        var toStorage: @Sendable (inout JSONValue) -> Void
    }

    enum NameRule: Sendable { case subdomain, label, rfc1035, pathSegment }

    init(
        _ group: String, _ version: String, _ kind: String, _ resource: String, namespaced: Bool, schema: Schema,
        singular: String? = nil
    ) {
        self.group = group
        self.version = version
        self.kind = kind
        self.resource = resource
        self.singular = singular ?? kind.lowercased()
        isNamespaced = namespaced
        self.schema = schema
        storage = GroupResource(group, resource)
        storageAPIVersion = group.isEmpty ? version : "\(group)/\(version)"
    }

    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    var groupResource: GroupResource { GroupResource(group, resource) }
    var groupKind: GroupKind { GroupKind(group, kind) }
    var listKind: String { "\(kind)List" }

    /// Whether a PUT may leave the version out that it replaces. Where it may not, as for custom resources, a writer that has
    /// not read the object cannot overwrite it.
    var allowsUnconditionalUpdate: Bool {
        isBuiltIn && !["leases", "poddisruptionbudgets", "customresourcedefinitions"].contains(resource)
    }

    /// Whether the answer to a deletion that leaves nothing is the object that was there, instead of a Status.
    var returnsDeletedObject: Bool {
        group.isEmpty
            && ["pods", "services", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes"]
                .contains(resource)
    }

    /// The object as this version shows it.
    func presented(_ stored: JSONValue) -> JSONValue {
        var object = stored
        conversion?.fromStorage(&object)
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return object
    }

    /// The object as it is stored.
    func storable(_ object: JSONValue) -> JSONValue {
        var stored = object
        conversion?.toStorage(&stored)
        stored["apiVersion"] = .string(storageAPIVersion)
        return stored
    }

    /// Whether stored objects are shown as they lie.
    var presentsStoredForm: Bool { conversion == nil && storageAPIVersion == apiVersion }

    /// The values of the fields that selectors may ask for, of an object in its stored form.
    func fieldValues(_ stored: JSONValue) -> [String: String] {
        var values: [String: String] = [:]
        for field in selectableFields {
            let value = stored[path: field.split(separator: ".").map { String($0) }[...]]
            if let value, !value.isNull { values[field] = value.string ?? value.jsonText }
        }
        return values
    }
}
