import FoundationEssentials

/// What one request to a model used.
struct UsageRecord: Sendable, Equatable {
    /// Where the numbers come from.
    enum Source: String, Sendable, SQLConvertible {
        /// The server said so.
        case reported
        /// Counted here, roughly, because the server's own count did not come.
        case estimated
        /// Nothing was used: the model never began.
        case zero
    }

    /// How the request ended.
    enum Outcome: String, Sendable, SQLConvertible {
        case completed
        /// The user stopped it.
        case stopped
        /// The client went away.
        case disconnected
        case failed
    }

    /// Made here, so that a record that is written twice counts once.
    var id = UUID.version7()
    var userID: UUID
    var apiKeyID: UUID?
    var messageID: UUID?
    /// The path, such as `/v1/chat/completions`.
    var endpoint: String
    var model: String
    var usage: TokenUsage
    var source: Source
    var outcome: Outcome
    var createdAt = Timestamp.now
}

extension UsageRecord {
    init(
        caller: Caller, messageID: UUID? = nil, endpoint: String, model: String, usage: TokenUsage, source: Source,
        outcome: Outcome
    ) {
        var apiKeyID: UUID?
        if case .apiKey(let id) = caller.credential { apiKeyID = id }
        self.init(
            userID: caller.userID, apiKeyID: apiKeyID, messageID: messageID, endpoint: endpoint, model: model,
            usage: usage, source: source, outcome: outcome)
    }
}

extension TokenUsage {
    static let none = TokenUsage(promptTokens: 0, completionTokens: 0)

    /// Tokens in as many bytes of text, roughly: a token of English is four letters.
    static func estimate(bytes: Int) -> Int { (bytes + 3) / 4 }
}
