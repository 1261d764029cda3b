import K8sClient

/// The OpenAPI documents, as far as `kubectl` needs them: that the server validates fields itself (v3), and which types
/// the objects have, for `kubectl explain`.
struct OpenAPI: Sendable {
    let kinds: [KindDefinition]

    private static let protobufTypes = [
        "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
        "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    ]

    func answer(_ segments: [String], accept: String?) throws(StatusError) -> APIAnswer {
        switch segments.first {
        case "v2" where segments.count == 1:
            let wantsProtobuf = MediaType.accepted(accept).first.map { Self.protobufTypes.contains($0.name) } ?? false
            return wantsProtobuf
                ? APIAnswer(body: .bytes(Self.emptyProtobuf), contentType: Self.protobufTypes[1])
                : .json(["swagger": "2.0", "info": Self.info, "paths": [:], "definitions": [:]])
        case "v3" where segments.count == 1: return .json(index)
        case "v3": return try document(segments.dropFirst().joined(separator: "/"))
        default: throw .pathNotFound
        }
    }

    private static let info: JSONValue = ["title": "Kubernetes", "version": .string(ServerVersion.gitVersion)]

    /// An otherwise empty `openapi.v2.Document`: field 1 is `swagger`, 2 `info` (1 title, 2 version), 8 `paths`.
    private static let emptyProtobuf: [UInt8] = {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        let info = field(1, Array("Kubernetes".utf8)) + field(2, Array(ServerVersion.gitVersion.utf8))
        return field(1, Array("2.0".utf8)) + field(2, info) + field(8, [])
    }()

    private func path(_ kind: KindDefinition) -> String {
        kind.group.isEmpty ? "api/\(kind.version)" : "apis/\(kind.group)/\(kind.version)"
    }

    private var index: JSONValue {
        var paths: [String: JSONValue] = [:]
        for kind in kinds {
            let path = path(kind)
            paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)")]
        }
        return ["paths": .object(paths)]
    }

    private func document(_ wanted: String) throws(StatusError) -> APIAnswer {
        let served = kinds.filter { path($0) == wanted }
        guard !served.isEmpty else { throw .pathNotFound }
        var paths: [String: JSONValue] = [:]
        var schemas: [String: JSONValue] = [:]
        for kind in served where !kind.isVirtual {
            let collection = "/\(wanted)/\(kind.isNamespaced ? "namespaces/{namespace}/" : "")\(kind.resource)"
            let name = Self.schemaName(kind)
            paths[collection] = ["post": Self.operation(kind, "post", schema: name)]
            paths["\(collection)/{name}"] = [
                "get": Self.operation(kind, "get", schema: name), "put": Self.operation(kind, "put", schema: name),
                "patch": Self.operation(kind, "patch", schema: name),
            ]
            var schema = Self.schema(kind.schema)
            schema["x-kubernetes-group-version-kind"] = [Self.groupVersionKind(kind)]
            schemas[name] = schema
        }
        return .json([
            "openapi": "3.0.0", "info": Self.info, "paths": .object(paths),
            "components": ["schemas": .object(schemas)],
        ])
    }

    private static func schemaName(_ kind: KindDefinition) -> String {
        let group =
            kind.group.isEmpty ? "io.k8s.api.core" : kind.group.split(separator: ".").reversed().joined(separator: ".")
        return "\(group).\(kind.version).\(kind.kind)"
    }

    private static func groupVersionKind(_ kind: KindDefinition) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
    }

    private static func operation(_ kind: KindDefinition, _ verb: String, schema: String) -> JSONValue {
        let parameters = ["dryRun", "fieldManager", "fieldValidation"].map { name -> JSONValue in
            ["name": .string(name), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
        }
        var operation: JSONValue = [
            "x-kubernetes-action": .string(verb), "x-kubernetes-group-version-kind": groupVersionKind(kind),
            "responses": [
                "200": [
                    "description": "OK",
                    "content": [
                        "application/json": [
                            "schema": ["$ref": .string("#/components/schemas/\(schema)")]
                        ]
                    ],
                ]
            ],
        ]
        if verb != "get" { operation["parameters"] = .array(parameters) }
        return operation
    }

    private static func schema(_ schema: Schema) -> JSONValue {
        var result: JSONValue = [:]
        switch schema.kind {
        case .object:
            result["type"] = "object"
            if !schema.properties.isEmpty { result["properties"] = .object(schema.properties.mapValues(Self.schema)) }
            if let values = schema.additionalProperties { result["additionalProperties"] = Self.schema(values) }
            if !schema.required.isEmpty { result["required"] = JSONValue(schema.required) }
        case .array:
            result["type"] = "array"
            result["items"] = schema.items.map(Self.schema) ?? [:]
        case .string, .quantity: result["type"] = "string"
        case .integer: result["type"] = "integer"
        case .number: result["type"] = "number"
        case .boolean: result["type"] = "boolean"
        case .intOrString: result["x-kubernetes-int-or-string"] = true
        case .any: result["x-kubernetes-preserve-unknown-fields"] = true
        }
        if let format = schema.format { result["format"] = .string(format) }
        if let value = schema.defaultValue { result["default"] = value }
        return result
    }
}
