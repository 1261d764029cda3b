import K8sClient

/// The OpenAPI documents: version 3 by group, for newer clients, and version 2 as a whole, for older ones. Clients read
/// from them which fields there are (`kubectl explain`, validation), how lists are merged, and what the server can do.
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
            let document = versionTwo
            return wantsProtobuf
                ? APIAnswer(
                    body: .bytes(OpenAPIProtobuf.document(document)), contentType: Self.protobufTypes[1])
                : .json(document)
        case "v3" where segments.count == 1: return .json(index)
        case "v3": return try versionThree(segments.dropFirst().joined(separator: "/"))
        default: throw .pathNotFound
        }
    }

    private static let info: JSONValue = ["title": "Kubernetes", "version": .string(ServerVersion.gitVersion)]

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

    private func versionThree(_ wanted: String) throws(StatusError) -> APIAnswer {
        let served = kinds.filter { path($0) == wanted }
        guard !served.isEmpty else { throw .pathNotFound }
        var schemas = OpenAPISchemas(version: .three)
        let paths = paths(of: served, &schemas) { kind, verb, schema in
            var operation = Self.operation(kind, verb)
            operation["responses"] = [
                "200": [
                    "description": "OK",
                    "content": ["application/json": ["schema": ["$ref": .string(schema)]]],
                ]
            ]
            if verb != "get" {
                operation["parameters"] = .array(
                    Self.parameters.map {
                        ["name": .string($0), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
                    })
            }
            return operation
        }
        return .json([
            "openapi": "3.0.0", "info": Self.info, "paths": paths,
            "components": ["schemas": .object(schemas.definitions)],
        ])
    }

    private var versionTwo: JSONValue {
        var schemas = OpenAPISchemas(version: .two)
        let paths = paths(of: kinds, &schemas) { kind, verb, schema in
            var operation = Self.operation(kind, verb)
            operation["responses"] = ["200": ["description": "OK", "schema": ["$ref": .string(schema)]]]
            if verb != "get" {
                operation["parameters"] = .array(
                    Self.parameters.map {
                        ["name": .string($0), "in": "query", "type": "string", "uniqueItems": true]
                    })
            }
            return operation
        }
        return [
            "swagger": "2.0", "info": Self.info, "paths": paths, "definitions": .object(schemas.definitions),
        ]
    }

    private static let parameters = ["dryRun", "fieldManager", "fieldValidation"]

    private static func operation(_ kind: KindDefinition, _ verb: String) -> JSONValue {
        [
            "x-kubernetes-action": .string(verb),
            "x-kubernetes-group-version-kind": OpenAPISchemas.groupVersionKind(kind),
        ]
    }

    private func paths(
        of served: [KindDefinition], _ schemas: inout OpenAPISchemas,
        operation: (KindDefinition, _ verb: String, _ schema: String) -> JSONValue
    ) -> JSONValue {
        var paths: [String: JSONValue] = [:]
        for kind in served {
            let collection = "/\(path(kind))/\(kind.isNamespaced ? "namespaces/{namespace}/" : "")\(kind.resource)"
            let schema = schemas.add(kind)
            paths[collection] = ["post": operation(kind, "post", schema)]
            if kind.isVirtual { continue }
            paths["\(collection)/{name}"] = [
                "get": operation(kind, "get", schema), "put": operation(kind, "put", schema),
                "patch": operation(kind, "patch", schema),
            ]
        }
        return .object(paths)
    }
}
