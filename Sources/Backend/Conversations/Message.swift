import FoundationEssentials

/// One message of a conversation's tree.
struct Message: Sendable, Hashable {
    enum Role: String, Codable, CaseIterable, Sendable, SQLConvertible {
        case system, user, assistant
    }

    enum Status: String, Codable, CaseIterable, Sendable, SQLConvertible {
        /// An answer that is being generated.
        case inProgress = "in_progress"
        case completed
        /// An answer that was broken off: what there is of it is kept.
        case incomplete
        /// An answer that the upstream refused or could not give.
        case failed
    }

    /// What an answer took, in tokens.
    struct Usage: Sendable, Hashable {
        var promptTokens: Int
        var completionTokens: Int
        /// `reported` by the upstream, `estimated` here, or `zero` when nothing was asked.
        var source: String
    }

    let id: UUID
    let conversationID: UUID
    /// The message that this one follows; nil for the first.
    var parentID: UUID?
    var role: Role
    var content: String
    var status: Status
    /// `stop` and `length` as the upstream says it; for what was broken off `stopped`, `disconnected`, `shutdown` or `interrupted`.
    var finishReason: String?
    var errorCode: String?
    var model: String?
    var usage: Usage?
    /// While in progress: until when its replica is believed to be alive.
    var leaseExpiresAt: Timestamp?
    var createdAt: Timestamp
    var completedAt: Timestamp?

    /// Whether the replica that generated it is gone.
    func isAbandoned(at now: Timestamp) -> Bool {
        guard status == .inProgress, let leaseExpiresAt else { return false }
        return leaseExpiresAt < now
    }
}

extension Message: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, role, content, status, error, model, usage
        case conversationID = "conversation_id"
        case parentID = "parent_id"
        case finishReason = "finish_reason"
        case createdAt = "created_at"
        case completedAt = "completed_at"
    }

    private struct Failure: Encodable {
        let code: String
        let message: String
    }

    /// Members that have no value are there as null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(conversationID.text, forKey: .conversationID)
        try container.encode(parentID?.text, forKey: .parentID)
        try container.encode(role, forKey: .role)
        try container.encode(content, forKey: .content)
        try container.encode(status, forKey: .status)
        try container.encode(finishReason, forKey: .finishReason)
        try container.encode(
            errorCode.map { Failure(code: $0, message: Self.explanation(of: $0)) }, forKey: .error)
        try container.encode(model, forKey: .model)
        try container.encode(usage, forKey: .usage)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(completedAt, forKey: .completedAt)
    }

    /// What a code of a failed answer means to the person who waits for it. Only the code is stored: an upstream's own words may
    /// speak of its operator's account.
    static func explanation(of code: String) -> String {
        switch code {
        case "context_length_exceeded": "The conversation is longer than the model can take."
        case "rate_limit_exceeded", "insufficient_quota": "The model's provider takes no more requests at the moment."
        case "model_not_found": "The model's provider does not know this model."
        case "content_filter": "The model's provider refused this content."
        case "upstream_timeout": "The model's provider did not answer in time."
        case "answer_too_long": "The answer was longer than is kept."
        default: "The model's provider could not answer."
        }
    }
}

extension Message.Usage: Encodable {
    enum CodingKeys: String, CodingKey {
        case source
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(promptTokens, forKey: .promptTokens)
        try container.encode(completionTokens, forKey: .completionTokens)
        try container.encode(promptTokens + completionTokens, forKey: .totalTokens)
        try container.encode(source, forKey: .source)
    }
}

extension Message {
    /// Reads the columns `id, conversation_id, parent_id, role, content, status, finish_reason, error_code, model, prompt_tokens,
    /// completion_tokens, usage_source, lease_expires_at, created_at, completed_at`.
    init(_ row: SQLRow) throws(DatabaseError) {
        id = try row.get(0)
        conversationID = try row.get(1)
        parentID = try row.getOptional(2)
        role = try row.get(3)
        content = try row.get(4)
        status = try row.get(5)
        finishReason = try row.getOptional(6)
        errorCode = try row.getOptional(7)
        model = try row.getOptional(8)
        if let source = try row.getOptional(11, as: String.self) {
            usage = Usage(promptTokens: try row.get(9), completionTokens: try row.get(10), source: source)
        }
        leaseExpiresAt = try row.getOptional(12)
        createdAt = try row.get(13)
        completedAt = try row.getOptional(14)
    }
}
