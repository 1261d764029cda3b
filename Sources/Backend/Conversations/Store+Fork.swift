import FoundationEssentials

extension Store {
    /// Copies the branch that ends at `end` into a new conversation; the texts stay in the database.
    /// - Parameter copy: The new conversation; its head becomes the copy of `end`.
    /// - Throws: ``APIError`` when the message is not there or in progress.
    func fork(_ original: UUID, at end: UUID, into copy: Conversation, for user: UUID) async throws -> Conversation {
        let rows = try await database.rows(
            """
            WITH RECURSIVE branch (id, parent_id, status, level) AS (
                SELECT id, parent_id, status, 1 FROM messages WHERE id = $1 AND conversation_id = $2
                UNION ALL
                SELECT m.id, m.parent_id, m.status, b.level + 1
                FROM branch b JOIN messages m ON m.id = b.parent_id
                WHERE b.level < $3)
            SELECT id, status FROM branch ORDER BY level DESC
            """, [end.sqlValue, original.sqlValue, Self.maximumMessages.sqlValue])
        guard !rows.isEmpty else { throw APIError.messageNotFound }
        var parent: UUID?
        let copies = try rows.map { row in
            guard try row.get(1, as: Message.Status.self) != .inProgress else { throw APIError.messageInProgress }
            let copy = CopiedMessage(original: try row.get(0), copy: .version7(copy.createdAt), parent: parent)
            parent = copy.copy
            return copy
        }
        var copy = copy
        copy.headMessageID = parent
        let insertMessages = SQLText(
            sqlite: """
                INSERT INTO messages (id, conversation_id, parent_id, role, content, status, finish_reason, error_code,
                    model, prompt_tokens, completion_tokens, usage_source, created_at, completed_at)
                SELECT json_extract(j.value, '$.copy'), $2, json_extract(j.value, '$.parent'), m.role, m.content, m.status,
                    m.finish_reason, m.error_code, m.model, m.prompt_tokens, m.completion_tokens, m.usage_source,
                    m.created_at, m.completed_at
                FROM json_each($1) j JOIN messages m ON m.id = json_extract(j.value, '$.original')
                """,
            postgreSQL: """
                INSERT INTO messages (id, conversation_id, parent_id, role, content, status, finish_reason, error_code,
                    model, prompt_tokens, completion_tokens, usage_source, created_at, completed_at)
                SELECT j.copy, $2, j.parent, m.role, m.content, m.status,
                    m.finish_reason, m.error_code, m.model, m.prompt_tokens, m.completion_tokens, m.usage_source,
                    m.created_at, m.completed_at
                FROM jsonb_to_recordset($1) AS j (copy uuid, parent uuid, original uuid)
                    JOIN messages m ON m.id = j.original
                """)
        do {
            _ = try await database.run(
                [
                    Self.insertion(of: copy, for: user),
                    SQLStatement(
                        insertMessages, [try SQLValue(jsonOf: copies), copy.id.sqlValue],
                        expecting: .exactly(copies.count)),
                ], .write)
        } catch let error as DatabaseError {
            // Deleted in between.
            throw error.code == .expectationFailed ? APIError.conversationNotFound : error
        }
        return copy
    }
}

/// Where one message goes.
private struct CopiedMessage: Encodable {
    let original: UUID
    let copy: UUID
    let parent: UUID?

    enum CodingKeys: CodingKey {
        case original, copy, parent
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(original.text, forKey: .original)
        try container.encode(copy.text, forKey: .copy)
        try container.encodeIfPresent(parent?.text, forKey: .parent)
    }
}
