import HTTPTypes

/// The OpenAPI 3.1 document of the service.
struct APIDocument: Sendable {
    /// A group of operations on the page, in the order of the list.
    struct Tag: Sendable {
        let name: String
        let description: String
    }

    var tags: [Tag]
    var schemas: [String: JSONSchema]
    var operations: [APIOperation]

    var node: JSONNode {
        var paths: [String: [String: JSONNode]] = [:]
        for operation in operations {
            paths[operation.path, default: [:]][operation.method.rawValue.lowercased()] = operation.node
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "ChatGPT backend", "version": .string(Version.number),
                "summary": "Accounts, conversations and streamed chat, with an OpenAI-compatible API.",
            ],
            // Relative to where the document lies: right behind any proxy.
            "servers": [["url": "/"]],
            "tags": .array(tags.map { ["name": .string($0.name), "description": .string($0.description)] }),
            "security": [["bearer": []]],
            "paths": .object(paths.mapValues(JSONNode.object)),
            "components": [
                "schemas": .object(
                    schemas.merging(["Error": Self.error]) { own, _ in own }.mapValues { .object($0.node) }),
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer",
                        "description": "An access token of a log-in, or an API key (`sk-cb-…`).",
                    ]
                ],
            ],
        ]
    }

    /// ``APIError`` as clients get it.
    private static let error = JSONSchema.object(
        required: [
            "error": .object(
                required: [
                    "message": .string("One sentence for people."),
                    "type": .string("The kind: whether it is the request's fault."),
                    "code": .string("One word that programs compare.").orNull,
                    "param": .string("The part of the request that is at fault.").orNull,
                ])
        ])
}
