import HTTPTypes
import NIOCore

/// What has to be known of a request's body to pass it on: checked as far as that goes, and no further. What a model takes is the
/// model's business.
struct ProxyRequest: Sendable, Equatable {
    /// The longest name of a model; longer than any in use.
    static let longestModel = 256

    let endpoint: ProxyEndpoint
    private(set) var model = ""
    private(set) var isStreamed = false
    /// Tokens of what is asked, roughly.
    private(set) var estimatedPromptTokens = 0
    /// What the client allows for the answer.
    private(set) var maximumCompletionTokens = 0
    /// Whether the client itself asked for the usage at the end of a stream.
    private(set) var includesUsage = false
    private var edit: Edit?

    /// Where the body has to be changed so that a stream tells its usage.
    private struct Edit: Equatable {
        let range: Range<Int>
        let text: String
    }

    /// - Throws: ``APIError``, 400 with one sentence.
    init(_ endpoint: ProxyEndpoint, body: ByteBuffer) throws {
        self.endpoint = endpoint
        let fields = try body.withUnsafeReadableBytes { try Fields(endpoint, $0) }
        guard let model = fields.model else {
            throw Self.refusal("model", fields.hasModel ? "must be a string" : "is missing")
        }
        guard !model.isEmpty, model.utf8.count <= Self.longestModel else {
            throw Self.refusal("model", "must have 1 to \(Self.longestModel) bytes")
        }
        guard fields.inputBytes > 0 else { throw Self.refusal("\(endpoint.inputName)", "is missing") }
        guard fields.hasValidInput else {
            throw Self.refusal(
                "\(endpoint.inputName)",
                endpoint == .chatCompletions ? "must be an array" : "must be a string or an array")
        }
        guard fields.hasValidStream else { throw Self.refusal("stream", "must be true or false") }
        self.model = model
        isStreamed = fields.isStreamed
        estimatedPromptTokens = TokenUsage.estimate(bytes: fields.inputBytes)
        maximumCompletionTokens = fields.maximumTokens
        includesUsage = fields.includesUsage
        if endpoint == .chatCompletions, isStreamed, !includesUsage {
            edit = fields.usageEdit.map { Edit(range: $0, text: $1) }
        }
    }

    /// The body as it is sent: the client's, with `stream_options.include_usage` set where it was not.
    func body(from body: ByteBuffer) -> ByteBuffer {
        guard let edit else { return body }
        let start = body.readerIndex
        var result = ByteBufferAllocator().buffer(capacity: body.readableBytes + edit.text.utf8.count)
        if let before = body.getSlice(at: start, length: edit.range.lowerBound) { result.writeImmutableBuffer(before) }
        result.writeString(edit.text)
        let rest = body.readableBytes - edit.range.upperBound
        if let after = body.getSlice(at: start + edit.range.upperBound, length: rest) {
            result.writeImmutableBuffer(after)
        }
        return result
    }

    private static func refusal(_ name: String, _ requirement: String) -> APIError {
        APIError(
            status: .badRequest, kind: .invalidRequest,
            code: requirement == "is missing" ? "missing_required_parameter" : "invalid_value",
            message: "\(name) \(requirement).", param: name)
    }
}

/// The members that matter, as they were found.
private struct Fields {
    var model: String?
    var hasModel = false
    var inputBytes = 0
    var hasValidInput = false
    var isStreamed = false
    var hasValidStream = true
    var includesUsage = false
    var maximumTokens = 0
    /// What to put where so that `include_usage` is true.
    var usageEdit: (range: Range<Int>, text: String)?

    /// - Throws: ``APIError``.
    init(_ endpoint: ProxyEndpoint, _ bytes: UnsafeRawBufferPointer) throws {
        var scanner = JSONScanner(bytes)
        var isObject = false
        do {
            isObject = try scanner.kind() == .object
            if isObject { try read(endpoint, &scanner) } else { try scanner.skip() }
            try scanner.end()
        } catch {
            throw APIError(error)
        }
        guard isObject else {
            throw APIError(
                status: .badRequest, kind: .invalidRequest, code: "invalid_json",
                message: "The body must be a JSON object.")
        }
    }

    private mutating func read(
        _ endpoint: ProxyEndpoint, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) {
        var fields = self
        var lastMember = 0
        try scanner.object { scanner, name throws(JSONScanner.Failure) in
            let kind = try scanner.kind()
            let start = scanner.position
            if scanner.equals(name, "model") {
                fields.hasModel = true
                fields.model = kind == .string ? scanner.text(try scanner.string()) : nil
                if kind != .string { try scanner.skip() }
            } else if scanner.equals(name, endpoint.inputName) {
                try scanner.skip()
                fields.inputBytes = scanner.position - start
                fields.hasValidInput = kind == .array || kind == .string && endpoint != .chatCompletions
            } else if scanner.equals(name, "stream") {
                fields.hasValidStream = kind == .boolean || kind == .null
                fields.isStreamed = kind == .boolean ? try scanner.boolean() : false
                if kind != .boolean { try scanner.skip() }
            } else if scanner.equals(name, "stream_options") {
                try fields.readStreamOptions(kind, &scanner)
            } else if kind == .number, Self.isMaximum(name, scanner) {
                fields.maximumTokens = try scanner.integer() ?? 0
            } else {
                try scanner.skip()
            }
            lastMember = scanner.position
        }
        if fields.usageEdit == nil, !fields.includesUsage {
            fields.usageEdit = (lastMember..<lastMember, ",\"stream_options\":{\"include_usage\":true}")
        }
        self = fields
    }

    private mutating func readStreamOptions(
        _ kind: JSONScanner.Kind, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) {
        let start = scanner.position
        guard kind == .object else {
            try scanner.skip()
            // Null is as if it were not there; what is wrong otherwise, the server says.
            usageEdit = kind == .null ? (start..<scanner.position, "{\"include_usage\":true}") : (start..<start, "")
            return
        }
        var includes: Bool?
        var value = 0..<0
        var isEmpty = true
        try scanner.object { scanner, name throws(JSONScanner.Failure) in
            isEmpty = false
            let kind = try scanner.kind()
            let start = scanner.position
            guard scanner.equals(name, "include_usage"), kind == .boolean || kind == .null else {
                return try scanner.skip()
            }
            includes = kind == .boolean ? try scanner.boolean() : false
            if kind == .null { try scanner.skip() }
            value = start..<scanner.position
        }
        includesUsage = includes ?? false
        usageEdit =
            includes == nil
            ? (start + 1..<start + 1, isEmpty ? "\"include_usage\":true" : "\"include_usage\":true,") : (value, "true")
    }

    private static func isMaximum(_ name: JSONString, _ scanner: JSONScanner) -> Bool {
        scanner.equals(name, "max_completion_tokens") || scanner.equals(name, "max_tokens")
            || scanner.equals(name, "max_output_tokens")
    }
}

extension APIError {
    /// What a client is told of JSON that cannot be read.
    fileprivate init(_ failure: JSONScanner.Failure) {
        let message =
            switch failure.reason {
            case .syntax, .wrongType: "The body is not valid JSON: byte \(failure.offset) cannot be there."
            case .tooDeep: "The body is nested deeper than \(JSONScanner.depthLimit) levels."
            case .invalidUTF8: "The body is not valid UTF-8 at byte \(failure.offset)."
            case .nulCharacter: "The body holds a NUL character at byte \(failure.offset)."
            }
        self.init(status: .badRequest, kind: .invalidRequest, code: "invalid_json", message: message)
    }
}
