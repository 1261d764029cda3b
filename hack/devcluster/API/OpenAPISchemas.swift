import K8sClient

/// The definitions of an OpenAPI document: one for each kind, and one for each type that they consist of.
struct OpenAPISchemas {
    enum Version { case two, three }

    private let version: Version
    private(set) var definitions: [String: JSONValue] = [:]

    init(version: Version) { self.version = version }

    /// Adds a kind; returns the reference to it.
    mutating func add(_ kind: KindDefinition) -> String {
        let name = Self.name(of: kind)
        var definition = definition(kind.schema)
        definition["x-kubernetes-group-version-kind"] = [Self.groupVersionKind(kind)]
        definitions[name] = definition
        return reference(name)
    }

    static func groupVersionKind(_ kind: KindDefinition) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
    }

    private static func name(of kind: KindDefinition) -> String {
        if kind.resource == "customresourcedefinitions" {
            return "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.\(kind.version).\(kind.kind)"
        }
        if !kind.isBuiltIn {
            let group = kind.group.split(separator: ".").reversed().joined(separator: ".")
            return "\(group).\(kind.version).\(kind.kind)"
        }
        let group = kind.group.isEmpty ? "core" : String(kind.group.split(separator: ".")[0])
        return "io.k8s.api.\(group).\(kind.version).\(kind.kind)"
    }

    private static func name(ofType type: String) -> String {
        let shared = [
            "ObjectMeta", "OwnerReference", "ManagedFieldsEntry", "LabelSelector", "LabelSelectorRequirement",
        ]
        return shared.contains(type) ? "io.k8s.apimachinery.pkg.apis.meta.v1.\(type)" : "io.k8s.api.core.v1.\(type)"
    }

    private func reference(_ name: String) -> String {
        switch version {
        case .two: "#/definitions/\(name)"
        case .three: "#/components/schemas/\(name)"
        }
    }

    /// A schema where it is used: a reference when it is a type with a name.
    private mutating func schema(_ schema: Schema) -> JSONValue {
        guard let type = schema.typeName else { return definition(schema) }
        let name = Self.name(ofType: type)
        if definitions[name] == nil {
            definitions[name] = [:]  // a type within itself is not entered twice
            definitions[name] = definition(schema)
        }
        return ["$ref": .string(reference(name))]
    }

    /// A member of an object, with how a strategic merge patch treats it.
    private mutating func property(_ property: Schema) -> JSONValue {
        var result = schema(property)
        switch (property.typeName, property.items?.typeName) {
        case ("DeploymentStrategy", _): result["x-kubernetes-patch-strategy"] = "retainKeys"
        case (_, "Volume"): result["x-kubernetes-patch-strategy"] = "merge,retainKeys"
        default: if property.patchMergeKey != nil { result["x-kubernetes-patch-strategy"] = "merge" }
        }
        if let key = property.patchMergeKey, !key.isEmpty { result["x-kubernetes-patch-merge-key"] = .string(key) }
        return result
    }

    private mutating func definition(_ schema: Schema) -> JSONValue {
        var result: JSONValue = [:]
        switch schema.kind {
        case .object:
            result["type"] = "object"
            var properties: [String: JSONValue] = [:]
            for (name, member) in schema.properties { properties[name] = property(member) }
            if !properties.isEmpty { result["properties"] = .object(properties) }
            if let values = schema.additionalProperties { result["additionalProperties"] = self.schema(values) }
            if !schema.required.isEmpty { result["required"] = JSONValue(schema.required.sorted()) }
        case .array:
            result["type"] = "array"
            result["items"] = schema.items.map { self.schema($0) } ?? [:]
        case .string, .quantity: result["type"] = "string"
        case .integer: result["type"] = "integer"
        case .number: result["type"] = "number"
        case .boolean: result["type"] = "boolean"
        case .intOrString:
            // The second version has no word for two types: a text may be given as a number there.
            if version == .two {
                result["type"] = "string"
                result["format"] = "int-or-string"
            } else {
                result["x-kubernetes-int-or-string"] = true
            }
        case .any: result["x-kubernetes-preserve-unknown-fields"] = true
        }
        switch schema.listType {
        case .atomic: break
        case .set: result["x-kubernetes-list-type"] = "set"
        case .map(let keys):
            result["x-kubernetes-list-type"] = "map"
            result["x-kubernetes-list-map-keys"] = JSONValue(keys)
        }
        if let summary = schema.summary { result["description"] = .string(summary) }
        if let format = schema.format { result["format"] = .string(format) }
        if let value = schema.defaultValue { result["default"] = value }
        if let allowed = schema.rules?.allowed { result["enum"] = .array(allowed) }
        return result
    }
}
