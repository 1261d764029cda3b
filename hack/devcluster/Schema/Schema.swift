import K8sClient

/// What may stand at one place of an object, and how writers share it.
///
/// Built-in kinds and custom resources are described alike: decoding, defaulting, strict field checks, server-side apply
/// and strategic merge all walk an object beside its schema.
final class Schema: Sendable {
    enum Kind: Sendable { case object, array, string, integer, number, boolean, intOrString, quantity, any }

    /// How the items of a list are told apart (`x-kubernetes-list-type`).
    enum ListType: Sendable, Hashable {
        case atomic, set
        case map(keys: [String])
    }

    let kind: Kind
    /// The name under which published documents list the type, when it has one.
    let typeName: String?
    /// What the type's author says about it.
    let summary: String?
    let format: String?
    let properties: [String: Schema]
    /// What every member that `properties` does not name may be: a map's values.
    let additionalProperties: Schema?
    let items: Schema?
    let required: [String]
    let listType: ListType
    /// Whether a map or struct is owned and replaced as a whole (`x-kubernetes-map-type: atomic`).
    let isAtomicMap: Bool
    /// The key by which a strategic merge patch finds an item; the empty string merges a list of scalars as a set.
    let patchMergeKey: String?
    let preservesUnknownFields: Bool
    /// Whether the object there has its own `apiVersion`, `kind` and `metadata`.
    let isEmbeddedResource: Bool
    let isNullable: Bool
    let defaultValue: JSONValue?
    /// What a custom resource's schema asks of the value beyond its type.
    let rules: ValueRules?
    /// The members' field numbers in protobuf, each with the numbers of the messages that only protobuf puts around it.
    let fieldNumbers: [[Int]: String]
    /// Whether any default lies at or below this place.
    let hasDefaults: Bool

    init(
        _ kind: Kind, typeName: String? = nil, summary: String? = nil, format: String? = nil,
        properties: [String: Schema] = [:], additionalProperties: Schema? = nil,
        items: Schema? = nil, required: [String] = [], listType: ListType = .atomic, isAtomicMap: Bool = false,
        patchMergeKey: String? = nil, preservesUnknownFields: Bool = false, isEmbeddedResource: Bool = false,
        isNullable: Bool = false, defaultValue: JSONValue? = nil, rules: ValueRules? = nil,
        fieldNumbers: [[Int]: String] = [:]
    ) {
        self.kind = kind
        self.typeName = typeName
        self.summary = summary
        self.format = format
        self.properties = properties
        self.additionalProperties = additionalProperties
        self.items = items
        self.required = required
        self.listType = listType
        self.isAtomicMap = isAtomicMap
        self.patchMergeKey = patchMergeKey
        self.preservesUnknownFields = preservesUnknownFields
        self.isEmbeddedResource = isEmbeddedResource
        self.isNullable = isNullable
        self.defaultValue = defaultValue
        self.rules = rules
        self.fieldNumbers = fieldNumbers
        hasDefaults =
            properties.values.contains { $0.defaultValue != nil || $0.hasDefaults }
            || additionalProperties?.hasDefaults == true || items?.hasDefaults == true
    }

    /// Anything at all, owned as a whole.
    static let any = Schema(.any, preservesUnknownFields: true)

    /// The schema of a member, or nil when nothing is said about it.
    func member(_ name: String) -> Schema? { properties[name] ?? additionalProperties }

    /// The same schema with other defaults and list semantics, as a field gives them to a shared type.
    func with(defaultValue: JSONValue) -> Schema {
        Schema(
            kind, typeName: typeName, summary: summary, format: format, properties: properties,
            additionalProperties: additionalProperties, items: items,
            required: required, listType: listType, isAtomicMap: isAtomicMap, patchMergeKey: patchMergeKey,
            preservesUnknownFields: preservesUnknownFields, isEmbeddedResource: isEmbeddedResource,
            isNullable: isNullable, defaultValue: defaultValue, rules: rules, fieldNumbers: fieldNumbers)
    }
}
