import NIOCore

/// What matters of one `chat.completion.chunk`, read without building a document of it. Only the first choice is looked at.
struct ChatCompletionChunk: Sendable, Equatable {
    /// The piece of the answer's text; nil when there is none.
    var content: String?
    /// Its length in UTF-8 as it was sent, known without reading it.
    var contentBytes = 0
    var finishReason: String?
    var usage: TokenUsage?
    /// Whether `choices` is there and empty: so comes the chunk that carries the usage.
    var hasNoChoices = false
    /// Whether it brings anything of the answer: text, a call of a tool, a refusal.
    var hasDelta = false
    /// The server's words when it reports a failure in the middle of a stream.
    var errorMessage: String?

    /// - Parameter data: A frame's data.
    /// - Parameter readsContent: Whether the text is wanted; finding out that there is some costs less.
    /// - Returns: Nil when it is not a JSON object.
    init?(data: ByteBuffer, readsContent: Bool = true) {
        var chunk = Self()
        let isRead = data.withUnsafeReadableBytes { bytes -> Bool in
            // A model may say anything, and a frame that is not read is text that is lost: who stores it takes NUL out.
            var scanner = JSONScanner(bytes, allowsNUL: true)
            do {
                try chunk.read(&scanner, readsContent: readsContent)
                try scanner.end()
                return true
            } catch {
                return false  // What is wrong with it matters to nobody: it is passed on as it is.
            }
        }
        guard isRead else { return nil }
        self = chunk
    }

    private init() {}

    private mutating func read(_ scanner: inout JSONScanner, readsContent: Bool) throws(JSONScanner.Failure) {
        var chunk = self
        try scanner.object { scanner, name throws(JSONScanner.Failure) in
            if scanner.equals(name, "choices"), try scanner.kind() == .array {
                var count = 0
                try scanner.array { scanner throws(JSONScanner.Failure) in
                    count += 1
                    guard count == 1, try scanner.kind() == .object else { return try scanner.skip() }
                    try chunk.readChoice(&scanner, readsContent: readsContent)
                }
                chunk.hasNoChoices = count == 0
            } else if scanner.equals(name, "usage"), try scanner.kind() == .object {
                chunk.usage = try TokenUsage(reading: &scanner)
            } else if scanner.equals(name, "error"), try scanner.kind() != .null {
                chunk.errorMessage = try Self.errorMessage(&scanner)
            } else {
                try scanner.skip()
            }
        }
        self = chunk
    }

    private mutating func readChoice(
        _ scanner: inout JSONScanner, readsContent: Bool
    ) throws(JSONScanner.Failure) {
        var chunk = self
        try scanner.object { scanner, name throws(JSONScanner.Failure) in
            if scanner.equals(name, "finish_reason"), try scanner.kind() == .string {
                chunk.finishReason = scanner.text(try scanner.string())
            } else if scanner.equals(name, "delta"), try scanner.kind() == .object {
                try scanner.object { scanner, name throws(JSONScanner.Failure) in
                    if scanner.equals(name, "content"), try scanner.kind() == .string {
                        let text = try scanner.string()
                        guard !text.range.isEmpty else { return }
                        chunk.hasDelta = true
                        chunk.contentBytes = text.range.count
                        if readsContent { chunk.content = scanner.text(text) }
                    } else {
                        if !scanner.equals(name, "role"), try scanner.kind() != .null { chunk.hasDelta = true }
                        try scanner.skip()
                    }
                }
            } else {
                try scanner.skip()
            }
        }
        self = chunk
    }

    private static func errorMessage(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> String {
        var message = "The model's server reported an error."
        switch try scanner.kind() {
        case .string: message = scanner.text(try scanner.string())
        case .object:
            try scanner.object { scanner, name throws(JSONScanner.Failure) in
                if scanner.equals(name, "message"), try scanner.kind() == .string {
                    message = scanner.text(try scanner.string())
                } else {
                    try scanner.skip()
                }
            }
        default: try scanner.skip()
        }
        return message
    }
}
