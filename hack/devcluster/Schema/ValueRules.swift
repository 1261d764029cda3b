import K8sClient
import Synchronization
import _StringProcessing

/// The value validations of OpenAPI v3 that structural schemas allow.
struct ValueRules: Sendable {
    var allowed: [JSONValue]?
    var pattern: Pattern?
    var minimum: Double?
    var maximum: Double?
    var exclusiveMinimum = false
    var exclusiveMaximum = false
    var multipleOf: Double?
    var minLength: Int?
    var maxLength: Int?
    var minItems: Int?
    var maxItems: Int?
    var uniqueItems = false
    var minProperties: Int?
    var maxProperties: Int?
    var allOf: [Schema] = []
    var anyOf: [Schema] = []
    var oneOf: [Schema] = []
    var not: Schema?
}

/// A regular expression that is looked for anywhere in a text, as OpenAPI's `pattern` is.
final class Pattern: Sendable {
    let text: String
    private let expression: Mutex<Regex<AnyRegexOutput>>

    /// - Throws: what is wrong with the expression.
    init(_ text: String) throws {
        self.text = text
        // Kubernetes' expressions know code points, not the characters that a reader sees.
        expression = Mutex(try Regex(text).matchingSemantics(.unicodeScalar))
    }

    func matches(_ value: String) -> Bool {
        expression.withLock { expression in
            // An expression that gives up (it is too complex for this value) does not vouch for the value.
            ((try? expression.firstMatch(in: value)) ?? nil) != nil
        }
    }
}
