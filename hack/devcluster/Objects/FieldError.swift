import K8sClient

/// One field that an object was refused for.
struct FieldError: Hashable, Sendable, CustomStringConvertible {
    /// The machine-readable reason, a `metav1.CauseType`.
    var reason: String
    /// The field's path, such as `spec.containers[0].name`.
    var field: String
    /// What is wrong, without the path.
    var message: String

    var description: String { "\(field): \(message)" }

    var cause: JSONValue {
        ["reason": .string(reason), "message": .string(message), "field": .string(field)]
    }

    static func required(_ field: String, _ detail: String = "") -> FieldError {
        FieldError(
            reason: "FieldValueRequired", field: field,
            message: detail.isEmpty ? "Required value" : "Required value: \(detail)")
    }

    static func invalid(_ field: String, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(reason: "FieldValueInvalid", field: field, message: "Invalid value: \(value.jsonText): \(detail)")
    }

    static func invalidType(_ field: String, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(
            reason: "FieldValueTypeInvalid", field: field, message: "Invalid value: \(value.jsonText): \(detail)")
    }

    static func notSupported(_ field: String, _ value: JSONValue, _ supported: [String]) -> FieldError {
        FieldError(
            reason: "FieldValueNotSupported", field: field,
            message: "Unsupported value: \(value.jsonText): supported values: "
                + supported.map { quoted($0) }.joined(separator: ", "))
    }

    static func duplicate(_ field: String, _ value: JSONValue) -> FieldError {
        FieldError(reason: "FieldValueDuplicate", field: field, message: "Duplicate value: \(value.jsonText)")
    }

    static func forbidden(_ field: String, _ detail: String) -> FieldError {
        FieldError(reason: "FieldValueForbidden", field: field, message: "Forbidden: \(detail)")
    }

    static func tooMany(_ field: String, _ count: Int, limit: Int) -> FieldError {
        FieldError(
            reason: "FieldValueTooMany", field: field,
            message: "Too many: \(count): must have at most \(limit) item\(limit == 1 ? "" : "s")")
    }

    static func tooLong(_ field: String, limit: Int) -> FieldError {
        FieldError(
            reason: "FieldValueTooLong", field: field,
            message: "Too long: may not be more than \(limit) byte\(limit == 1 ? "" : "s")")
    }

    static func notFound(_ field: String, _ value: JSONValue) -> FieldError {
        FieldError(reason: "FieldValueNotFound", field: field, message: "Not found: \(value.jsonText)")
    }
}
