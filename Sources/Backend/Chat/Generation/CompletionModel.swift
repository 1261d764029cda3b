import FoundationEssentials

/// What a model is asked.
struct CompletionRequest: Sendable {
    struct Turn: Sendable, Hashable, Encodable {
        var role: Message.Role
        var content: String
    }

    var model: String
    var turns: [Turn]
    /// The most tokens of an answer; nil for the model's own bound.
    var maximumTokens: Int?
}

/// How an answer ended by itself.
struct CompletionEnd: Sendable, Hashable {
    /// As the upstream says it: `stop`, `length`, `content_filter`.
    var finishReason: String?
    /// What the upstream counted.
    var usage: Usage?

    struct Usage: Sendable, Hashable {
        var promptTokens: Int
        var completionTokens: Int
    }
}

/// Why a model gave no answer, or broke off.
struct CompletionFailure: Error, Sendable {
    /// One word that programs compare.
    var code: String
    /// For the log.
    var detail: String
}

/// Something that answers.
protocol CompletionModel: Sendable {
    /// Asks for an answer and gives its text as it comes. Cancelling the task ends the request at once.
    /// - Throws: ``CompletionFailure``; `CancellationError` when the task is cancelled.
    func complete(_ request: CompletionRequest, onText: @Sendable (String) -> Void) async throws -> CompletionEnd
}
