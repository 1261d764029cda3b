import FoundationEssentials

/// What the model is told of a conversation: its system prompt and the end of the branch that is answered.
struct ChatContext: Sendable {
    /// The most text of a conversation that is sent along, in bytes. It is about what a model with a window of 128,000 tokens takes
    /// in; what is older is left out.
    static let maximumBytes = 512 * 1024
    /// The most messages, for conversations of many short ones.
    static let maximumMessages = 1_000

    /// A message of the branch.
    typealias Entry = (role: Message.Role, content: String, status: Message.Status)

    private(set) var turns: [CompletionRequest.Turn] = []

    /// - Parameters:
    ///   - branch: The messages to answer to, the newest first.
    init(systemPrompt: String?, branch: [Entry]) {
        // Answers that never came say nothing.
        turns = branch.reversed().compactMap { message in
            guard message.status != .failed, !message.content.isEmpty else { return nil }
            return CompletionRequest.Turn(role: message.role, content: message.content)
        }
        // Where older messages are left out, an exchange is left out whole.
        if let start = turns.firstIndex(where: { $0.role != .assistant }) { turns.removeFirst(start) }
        if let systemPrompt, !systemPrompt.isEmpty {
            turns.insert(CompletionRequest.Turn(role: .system, content: systemPrompt), at: 0)
        }
    }

    /// About how many tokens it is: four bytes each, and a few for the frame of each message.
    var estimatedTokens: Int {
        turns.reduce(0) { $0 + ($1.content.utf8.count + 3) / 4 + 4 }
    }
}

extension Store {
    /// The end of a branch for the model, the newest message first, within the bounds of ``ChatContext``.
    /// - Parameter reserved: Bytes that are needed for what comes after it.
    func context(
        endingAt end: UUID, in conversation: UUID, reserving reserved: Int
    ) async throws -> [ChatContext.Entry] {
        let query = SQLText(
            sqlite: """
                WITH RECURSIVE branch (id, parent_id, level, bytes) AS (
                    SELECT id, parent_id, 1, length(CAST(content AS BLOB)) FROM messages
                    WHERE id = $1 AND conversation_id = $2
                    UNION ALL
                    SELECT m.id, m.parent_id, b.level + 1, b.bytes + length(CAST(m.content AS BLOB))
                    FROM branch b JOIN messages m ON m.id = b.parent_id
                    WHERE b.level < $3 AND b.bytes < $4)
                SELECT m.role, m.content, m.status
                FROM branch b JOIN messages m ON m.id = b.id
                WHERE b.level = 1 OR b.bytes <= $4
                ORDER BY b.level
                """,
            postgreSQL: """
                WITH RECURSIVE branch (id, parent_id, level, bytes) AS (
                    SELECT id, parent_id, 1, octet_length(content)::bigint FROM messages
                    WHERE id = $1 AND conversation_id = $2
                    UNION ALL
                    SELECT m.id, m.parent_id, b.level + 1, b.bytes + octet_length(m.content)
                    FROM branch b JOIN messages m ON m.id = b.parent_id
                    WHERE b.level < $3 AND b.bytes < $4)
                SELECT m.role, m.content, m.status
                FROM branch b JOIN messages m ON m.id = b.id
                WHERE b.level = 1 OR b.bytes <= $4
                ORDER BY b.level
                """)
        return try await database.rows(
            query,
            [
                end.sqlValue, conversation.sqlValue, ChatContext.maximumMessages.sqlValue,
                max(0, ChatContext.maximumBytes - reserved).sqlValue,
            ]
        ).map { row in (try row.get(0), try row.get(1), try row.get(2)) }
    }
}
