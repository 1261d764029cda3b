import K8sClient

/// The refusals of the API server, each in the words that clients and people know.
extension StatusError {
    static func notFound(_ resource: GroupResource, _ name: String) -> StatusError {
        StatusError(
            code: 404, reason: "NotFound", message: "\(resource) \(quoted(name)) not found",
            details: details(resource, name))
    }

    /// An address under which nothing is served at all.
    static let pathNotFound = StatusError(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    static func alreadyExists(_ resource: GroupResource, _ name: String) -> StatusError {
        StatusError(
            code: 409, reason: "AlreadyExists", message: "\(resource) \(quoted(name)) already exists",
            details: details(resource, name))
    }

    static func conflict(_ resource: GroupResource, _ name: String, _ why: String) -> StatusError {
        StatusError(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(resource) \(quoted(name)): \(why)",
            details: details(resource, name))
    }

    /// The object is another one, or in another state, than a deletion asked for.
    static func preconditionFailed(_ kind: GroupKind, _ name: String, _ why: String) -> StatusError {
        // The API server names the kind here, and not the resource.
        conflict(GroupResource(kind.group, kind.kind), name, why)
    }

    /// Another writer came between reading and writing.
    static func modified(_ resource: GroupResource, _ name: String) -> StatusError {
        conflict(
            resource, name,
            "the object has been modified; please apply your changes to the latest version and try again")
    }

    static func badRequest(_ message: String) -> StatusError {
        StatusError(code: 400, reason: "BadRequest", message: message)
    }

    static func forbidden(_ resource: GroupResource, _ name: String, _ why: String, causes: [JSONValue] = [])
        -> StatusError
    {
        var details = details(resource, name)
        if !causes.isEmpty { details["causes"] = .array(causes) }
        let subject = name.isEmpty ? "\(resource)" : "\(resource) \(quoted(name))"
        return StatusError(
            code: 403, reason: "Forbidden", message: "\(subject) is forbidden: \(why)", details: details)
    }

    static let unauthorized = StatusError(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static func methodNotAllowed(_ verb: String) -> StatusError {
        StatusError(
            code: 405, reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource",
            details: ["kind": .string(verb)])
    }

    static func unsupportedMediaType(_ type: String, supported: [String]) -> StatusError {
        StatusError(
            code: 415, reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format - accepted media types include: "
                + supported.joined(separator: ", "),
            details: type.isEmpty ? Optional.none : ["name": .string(type)])
    }

    static func notAcceptable(supported: [String]) -> StatusError {
        StatusError(
            code: 406, reason: "NotAcceptable",
            message: "only the following media types are accepted: " + supported.joined(separator: ", "))
    }

    static func tooLarge(limit: Int) -> StatusError {
        StatusError(
            code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(limit)")
    }

    static func expired(_ message: String) -> StatusError {
        StatusError(code: 410, reason: "Expired", message: message)
    }

    static func tooManyRequests(_ message: String, causes: [JSONValue] = []) -> StatusError {
        StatusError(
            code: 429, reason: "TooManyRequests", message: message,
            details: causes.isEmpty ? Optional.none : ["causes": .array(causes)])
    }

    static func internalError(_ message: String) -> StatusError {
        StatusError(code: 500, reason: "InternalError", message: "Internal error occurred: \(message)")
    }

    /// A refusal with status 500 and no reason, as a few old checks of the API server answer.
    static func plainError(_ message: String) -> StatusError {
        StatusError(code: 500, reason: "", message: message)
    }

    static func invalid(_ kind: GroupKind, _ name: String, _ errors: [FieldError]) -> StatusError {
        let list = errors.map(\.description)
        let text = list.count == 1 ? list[0] : "[\(list.joined(separator: ", "))]"
        var details: JSONValue = ["kind": .string(kind.kind), "causes": .array(errors.map(\.cause))]
        if !name.isEmpty { details["name"] = .string(name) }
        if !kind.group.isEmpty { details["group"] = .string(kind.group) }
        return StatusError(
            code: 422, reason: "Invalid", message: "\(kind) \(quoted(name)) is invalid: \(text)", details: details)
    }

    private static func details(_ resource: GroupResource, _ name: String) -> JSONValue {
        var details: JSONValue = ["kind": .string(resource.resource)]
        if !name.isEmpty { details["name"] = .string(name) }
        if !resource.group.isEmpty { details["group"] = .string(resource.group) }
        return details
    }
}

extension StatusError {
    /// The `Status` object that is the answer's body.
    var object: JSONValue {
        var status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "code": JSONValue(code),
        ]
        if !reason.isEmpty { status["reason"] = .string(reason) }
        if let details { status["details"] = details }
        return status
    }
}

/// A text between quotation marks, escaped as Go's `%q` does for what names and values hold.
func quoted(_ text: String) -> String { JSONValue.string(text).jsonText }
