import K8sClient

/// A CustomResourceDefinition, read: the kinds that it adds, or what is wrong with it.
struct CustomResourceDefinition {
    let object: JSONValue
    private(set) var errors: [FieldError] = []
    /// The kinds of its served versions.
    private(set) var kinds: [KindDefinition] = []
    private(set) var hasCELRules = false

    var group: String { object["spec", "group"]?.string ?? "" }
    var plural: String { object["spec", "names", "plural"]?.string ?? "" }
    var resource: GroupResource { GroupResource(group, plural) }

    /// - Parameter revision: edition of the schemas, to tell objects written under an earlier one.
    init(_ object: JSONValue, revision: Int = 0) {
        self.object = object
        validateNames()
        let versions = object["spec", "versions"]?.array ?? []
        let storage = versions.filter { $0["storage"]?.bool == true }
        if storage.count != 1 {
            errors.append(
                .invalid("spec.versions", .array(versions), "must have exactly one version marked as storage version"))
        }
        let storageVersion = storage.first?["name"]?.string ?? ""
        for (index, version) in versions.enumerated() {
            let path = "spec.versions[\(index)]"
            guard let schema = version["schema", "openAPIV3Schema"] else {
                errors.append(.required("\(path).schema.openAPIV3Schema", "schemas are required"))
                continue
            }
            var reader = StructuralSchema()
            let structural = reader.object(schema, path: "\(path).schema.openAPIV3Schema")
            errors.append(contentsOf: reader.errors)
            hasCELRules = hasCELRules || reader.hasCELRules
            let kind = kind(version, structural, storageVersion: storageVersion, revision: revision, path: path)
            if version["served"]?.bool == true { kinds.append(kind) }
        }
        if object["spec", "conversion", "strategy"]?.string == "Webhook" {
            errors.append(
                .notSupported("spec.conversion.strategy", "Webhook", ["None"]))
        }
    }

    private mutating func validateNames() {
        let name = object.meta.name
        if name != "\(plural).\(group)" {
            errors.append(.invalid("metadata.name", .string(name), "must be spec.names.plural+\".\"+spec.group"))
        }
        if group.isEmpty {
            errors.append(.required("spec.group"))
        } else if !Names.isSubdomain(group) {
            errors.append(.invalid("spec.group", .string(group), Names.subdomainRule))
        } else if !group.contains(".") {
            errors.append(.invalid("spec.group", .string(group), "should be a domain with at least one dot"))
        }
        let scope = object["spec", "scope"]?.string ?? ""
        if !["Cluster", "Namespaced"].contains(scope) {
            errors.append(.notSupported("spec.scope", .string(scope), ["Cluster", "Namespaced"]))
        }
        for member in ["plural", "singular"] {
            let value = object["spec", "names", member]?.string ?? ""
            if !value.isEmpty, !Names.isRFC1035Label(value) {
                errors.append(.invalid("spec.names.\(member)", .string(value), Names.rfc1035Rule))
            }
        }
        for member in ["kind", "listKind"] {
            let value = object["spec", "names", member]?.string ?? ""
            if !value.isEmpty, !Names.isRFC1035Label(value.lowercased()) {
                errors.append(
                    .invalid(
                        "spec.names.\(member)", .string(value),
                        "may have mixed case, but should otherwise match: \(Names.rfc1035Rule)"))
            }
        }
    }

    private mutating func kind(
        _ version: JSONValue, _ schema: Schema, storageVersion: String, revision: Int, path: String
    ) -> KindDefinition {
        let names = object["spec", "names"] ?? [:]
        var kind = KindDefinition(
            group, version["name"]?.string ?? "", names["kind"]?.string ?? "", plural,
            namespaced: object["spec", "scope"]?.string == "Namespaced", schema: schema,
            singular: names["singular"]?.string)
        kind.isBuiltIn = false
        kind.shortNames = (names["shortNames"]?.array ?? []).compactMap(\.string)
        kind.categories = (names["categories"]?.array ?? []).compactMap(\.string)
        kind.storageAPIVersion = "\(group)/\(storageVersion)"
        kind.hasStatus = version["subresources", "status"] != nil
        kind.countsGenerations = true
        kind.schemaRevision = revision
        kind.selectableFields = (version["selectableFields"]?.array ?? []).compactMap {
            $0["jsonPath"]?.string.map { String($0.drop { $0 == "." }) }
        }
        if let scale = version["subresources", "scale"] {
            kind.scale = KindDefinition.ScalePaths(
                specReplicas: members(scale["specReplicasPath"], "\(path).subresources.scale.specReplicasPath"),
                statusReplicas: members(scale["statusReplicasPath"], "\(path).subresources.scale.statusReplicasPath"),
                selector: scale["labelSelectorPath"].map {
                    members($0, "\(path).subresources.scale.labelSelectorPath")
                },
                hasLabelSelector: false)
        }
        setColumns(of: &kind, version["additionalPrinterColumns"]?.array ?? [], path: path)
        kind.validate = { object, errors in SchemaValidation.validate(object, schema, &errors) }
        return kind
    }

    private mutating func members(_ path: JSONValue?, _ field: String) -> [String] {
        guard let text = path?.string, let path = try? JSONPath(text), let members = path.plainMembers,
            ["spec", "status"].contains(members.first)
        else {
            errors.append(.invalid(field, path ?? "", "should be a json path under either .spec or .status"))
            return []
        }
        return members
    }

    private mutating func setColumns(of kind: inout KindDefinition, _ columns: [JSONValue], path: String) {
        var paths: [(JSONPath, String)] = []
        var definitions: [TableColumn] = [.name]
        for (index, column) in columns.enumerated() {
            let text = column["jsonPath"]?.string ?? ""
            let type = column["type"]?.string ?? "string"
            do {
                paths.append((try JSONPath(text), type))
            } catch {
                errors.append(
                    .invalid("\(path).additionalPrinterColumns[\(index)].jsonPath", .string(text), error.message))
                continue
            }
            definitions.append(
                TableColumn(
                    name: column["name"]?.string ?? "", type: type, format: column["format"]?.string ?? "",
                    description: column["description"]?.string
                        ?? "Custom resource definition column (in JSONPath format): \(text)",
                    priority: column["priority"]?.int ?? 0))
        }
        if columns.isEmpty {
            definitions.append(
                TableColumn(
                    name: "Age", type: "date",
                    description: "Custom resource definition column (in JSONPath format): .metadata.creationTimestamp"))
            if let age = try? JSONPath(".metadata.creationTimestamp") { paths.append((age, "date")) }
        }
        let cells = paths
        kind.columns = definitions
        kind.cells = { object in
            [.string(object.meta.name)] + cells.map { path, type in Self.cell(path.values(in: object), type) }
        }
    }

    private static func cell(_ values: [JSONValue], _ type: String) -> JSONValue {
        guard let first = values.first, !first.isNull else { return .null }
        switch type {
        case "date": return HumanDuration.age(first.string)
        case "integer": return first.int.map { JSONValue($0) } ?? .null
        case "number": return first.double.map { .double($0) } ?? .null
        case "boolean": return first.bool.map { .bool($0) } ?? .null
        default:
            if values.count > 1 { return .string(values.map { $0.string ?? $0.jsonText }.joined(separator: ",")) }
            return .string(first.string ?? first.jsonText)
        }
    }
}
