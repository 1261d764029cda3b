import HTTPTypes

extension APIError {
    /// A body that is no JSON, or none that is read.
    static func malformedJSON(_ message: String) -> APIError {
        APIError(status: .badRequest, kind: .invalidRequest, code: "invalid_json", message: message)
    }

    /// A field whose value is not taken.
    /// - Parameters:
    ///   - field: Where it is, as in `messages[2].content`.
    ///   - requirement: What is asked of it, worded to follow its name: "must be a string".
    static func invalidField(_ field: String, _ requirement: String, code: String = "invalid_value") -> APIError {
        APIError(
            status: .unprocessableContent, kind: .invalidRequest, code: code, message: "\(field) \(requirement).",
            param: field)
    }

    /// What a client is told of JSON that is not what was asked for.
    init(invalidBody error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            let field = (context.codingPath + [key]).fieldPath
            self = .invalidField(field, "is missing", code: "missing_required_parameter")
        case .valueNotFound(_, let context):
            self = Self.invalid(context, "must not be null", "invalid_type")
        case .typeMismatch(let type, let context):
            self = Self.invalid(context, "must be \(Self.words(for: type))", "invalid_type")
        case .dataCorrupted(let context):
            self = Self.corrupted(context)
        @unknown default:
            self = .malformedJSON("The body is not valid JSON.")
        }
    }

    private static func corrupted(_ context: DecodingError.Context) -> APIError {
        let requirement = context.debugDescription
        if requirement == UnknownField.requirement { return invalid(context, requirement, "unknown_parameter") }
        // Our own types' words; the decoder's own are for programmers.
        if requirement.hasPrefix("must ") { return invalid(context, requirement, "invalid_value") }
        guard !context.codingPath.isEmpty else { return .malformedJSON("The body is not valid JSON.") }
        return invalid(context, "has a value that is not possible there", "invalid_value")
    }

    private static func invalid(_ context: DecodingError.Context, _ requirement: String, _ code: String) -> APIError {
        guard !context.codingPath.isEmpty else {
            return APIError(
                status: .unprocessableContent, kind: .invalidRequest, code: code, message: "The body \(requirement).")
        }
        return invalidField(context.codingPath.fieldPath, requirement, code: code)
    }

    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "an integer"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [Any].Type: "an array"
        case is [String: Any].Type: "an object"
        default: "of another type"
        }
    }
}

extension [any CodingKey] {
    /// The path as people write it: `messages[2].content`; names from a client cut to a length that can be repeated to it.
    fileprivate var fieldPath: String {
        reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += (path.isEmpty ? "" : ".") + key.stringValue.prefix(100)
            }
        }
    }
}
