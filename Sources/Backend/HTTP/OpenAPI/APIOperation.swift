import HTTPTypes

/// One method of one path, as the OpenAPI document describes it. It lies beside the route that it describes.
struct APIOperation: Sendable {
    /// Who may call it.
    enum Access: Sendable {
        case anyone
        /// Who sends an access token or an API key.
        case caller
        /// As `caller`, with the role `admin`.
        case admin
    }

    struct Parameter: Sendable {
        enum Location: String, Sendable {
            case path, query, header
        }

        var name: String
        var location: Location
        var schema: JSONSchema
        var isRequired: Bool
        var description: String

        static func path(_ name: String, _ description: String, _ schema: JSONSchema = .string(format: "uuid"))
            -> Parameter
        {
            Parameter(name: name, location: .path, schema: schema, isRequired: true, description: description)
        }

        static func query(_ name: String, _ description: String, _ schema: JSONSchema) -> Parameter {
            Parameter(name: name, location: .query, schema: schema, isRequired: false, description: description)
        }

        static func header(_ name: String, _ description: String, _ schema: JSONSchema) -> Parameter {
            Parameter(name: name, location: .header, schema: schema, isRequired: false, description: description)
        }
    }

    /// What an answer or a request holds.
    struct Content: Sendable {
        var type: String
        var schema: JSONSchema

        static func json(_ schema: JSONSchema) -> Content { Content(type: "application/json", schema: schema) }
        /// A stream; the schema is that of one event, with its fields as members.
        static let events = Content(
            type: "text/event-stream",
            schema: .object(
                "One event.", required: ["data": .string("A JSON object, or `[DONE]`.")],
                optional: ["id": .string(), "event": .string("The kind.")]))
        static let text = Content(type: "text/plain", schema: .string())
        static let html = Content(type: "text/html", schema: .string())
    }

    struct Answer: Sendable {
        var status: Int
        var description: String
        var contents: [Content] = []

        static func ok(_ description: String, _ contents: Content...) -> Answer {
            Answer(status: 200, description: description, contents: contents)
        }

        static func created(_ description: String, _ contents: Content...) -> Answer {
            Answer(status: 201, description: description, contents: contents)
        }

        static func accepted(_ description: String, _ contents: Content...) -> Answer {
            Answer(status: 202, description: description, contents: contents)
        }

        static func noContent(_ description: String) -> Answer { Answer(status: 204, description: description) }

        /// An answer in the error shape.
        static func error(_ status: Int, _ description: String) -> Answer {
            Answer(status: status, description: description, contents: [.json(.named("Error"))])
        }
    }

    var method: HTTPRequest.Method
    /// With `{name}` for what a parameter fills in.
    var path: String
    /// A name that generated clients use: `createConversation`.
    var id: String
    var tag: String
    var summary: String
    var description: String?
    var access = Access.caller
    var parameters: [Parameter] = []
    var body: Content?
    var isBodyRequired = true
    /// Besides those that every operation of its access can have (401, 403, 500 and so on).
    var answers: [Answer]
}

extension APIOperation {
    /// The answers that follow from what the operation takes, besides its own.
    private var impliedAnswers: [Answer] {
        var implied: [Answer] = []
        if !parameters.isEmpty || body != nil {
            implied.append(.error(400, "The request is not valid; `param` names what."))
        }
        if access != .anyone { implied.append(.error(401, "No valid access token or API key was sent.")) }
        if access == .admin { implied.append(.error(403, "Only administrators may.")) }
        if parameters.contains(where: { $0.location == .path }) {
            implied.append(.error(404, "There is no such thing, or it is someone else's."))
        }
        if body != nil {
            implied.append(.error(413, "The body is too large."))
            implied.append(.error(422, "A member of the body has a value that it must not have; `param` names it."))
        }
        if access != .anyone || body != nil {
            implied.append(.error(429, "Too many requests; `Retry-After` says when to come again."))
        }
        implied.append(.error(500, "Something went wrong in the service."))
        // What needs neither a caller nor a body asks nobody else.
        if access != .anyone || body != nil {
            implied.append(.error(503, "Something that the request needs is not there; it may be repeated."))
        }
        let own = Set(answers.map(\.status))
        return implied.filter { !own.contains($0.status) }
    }

    /// The operation in the document.
    var node: JSONNode {
        var node: [String: JSONNode] = [
            "operationId": .string(id), "tags": [.string(tag)], "summary": .string(summary),
            "responses": .object(
                Dictionary(uniqueKeysWithValues: (answers + impliedAnswers).map { ("\($0.status)", $0.node) })),
        ]
        if let description { node["description"] = .string(description) }
        if !parameters.isEmpty { node["parameters"] = .array(parameters.map(\.node)) }
        if let body {
            node["requestBody"] = ["required": .boolean(isBodyRequired), "content": .object([body.type: body.node])]
        }
        if access == .anyone { node["security"] = [] }
        return .object(node)
    }
}

extension APIOperation.Parameter {
    fileprivate var node: JSONNode {
        [
            "name": .string(name), "in": .string(location.rawValue), "required": .boolean(isRequired),
            "description": .string(description), "schema": .object(schema.node),
        ]
    }
}

extension APIOperation.Content {
    fileprivate var node: JSONNode { ["schema": .object(schema.node)] }
}

extension APIOperation.Answer {
    fileprivate var node: JSONNode {
        var node: [String: JSONNode] = ["description": .string(description)]
        if !contents.isEmpty {
            node["content"] = .object(Dictionary(contents.map { ($0.type, $0.node) }) { first, _ in first })
        }
        return .object(node)
    }
}
