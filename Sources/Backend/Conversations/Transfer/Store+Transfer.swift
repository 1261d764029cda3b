import FoundationEssentials

extension Store {
    /// Writes a whole import, or nothing.
    func insert(_ batch: ConversationImport, for user: UUID) async throws {
        let conversations = SQLText(
            sqlite: """
                INSERT INTO conversations
                    (id, user_id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at)
                SELECT value ->> 'id', $2, value ->> 'title', value ->> 'titleSource', value ->> 'model',
                    value ->> 'systemPrompt', value ->> 'head', value ->> 'createdAt', value ->> 'updatedAt'
                FROM json_each($1)
                """,
            postgreSQL: """
                INSERT INTO conversations
                    (id, user_id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at)
                SELECT id, $2, title, "titleSource", model, "systemPrompt", head,
                    timestamptz 'epoch' + "createdAt" * interval '1 microsecond',
                    timestamptz 'epoch' + "updatedAt" * interval '1 microsecond'
                FROM jsonb_to_recordset($1) AS j (
                    id uuid, title text, "titleSource" text, model text, "systemPrompt" text, head uuid,
                    "createdAt" bigint, "updatedAt" bigint)
                """)
        let messages = SQLText(
            sqlite: """
                INSERT INTO messages (id, conversation_id, parent_id, role, content, status, finish_reason, error_code,
                    model, created_at, completed_at)
                SELECT value ->> 'id', value ->> 'conversation', value ->> 'parent', value ->> 'role',
                    value ->> 'content', value ->> 'status', value ->> 'finishReason', value ->> 'errorCode',
                    value ->> 'model', value ->> 'createdAt', value ->> 'completedAt'
                FROM json_each($1)
                """,
            postgreSQL: """
                INSERT INTO messages (id, conversation_id, parent_id, role, content, status, finish_reason, error_code,
                    model, created_at, completed_at)
                SELECT id, conversation, parent, role, content, status, "finishReason", "errorCode", model,
                    timestamptz 'epoch' + "createdAt" * interval '1 microsecond',
                    timestamptz 'epoch' + "completedAt" * interval '1 microsecond'
                FROM jsonb_to_recordset($1) AS j (
                    id uuid, conversation uuid, parent uuid, role text, content text, status text,
                    "finishReason" text, "errorCode" text, model text, "createdAt" bigint, "completedAt" bigint)
                """)
        _ = try await database.run(
            [
                SQLStatement(
                    conversations, [try SQLValue(jsonOf: batch.conversations), user.sqlValue],
                    expecting: .exactly(batch.conversations.count)),
                SQLStatement(
                    messages, [try SQLValue(jsonOf: batch.messages)], expecting: .exactly(batch.messages.count)),
            ], .write)
    }

    /// Some of a user's conversations after `id`, by identifier: an order in which what changes meanwhile is neither skipped nor
    /// met twice.
    func conversations(of user: UUID, after id: UUID?, limit: Int) async throws -> [Conversation] {
        try await database.rows(
            """
            SELECT id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at
            FROM conversations WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
            """, [user.sqlValue, (id ?? Self.smallestID).sqlValue, limit.sqlValue]
        ).map { row throws(DatabaseError) in try Conversation(row) }
    }

    /// Some of a conversation's messages after the place (`time`, `id`), the oldest first.
    func messages(of conversation: UUID, after place: PageCursor?, limit: Int) async throws -> [Message] {
        let place = place ?? PageCursor(time: Timestamp(microseconds: 0), id: Self.smallestID)
        return try await database.rows(
            """
            SELECT id, conversation_id, parent_id, role, content, status, finish_reason, error_code, model,
                prompt_tokens, completion_tokens, usage_source, lease_expires_at, created_at, completed_at
            FROM messages
            WHERE conversation_id = $1 AND created_at >= $2 AND (created_at, id) > ($2, $3)
            ORDER BY created_at, id LIMIT $4
            """, [conversation.sqlValue, place.time.sqlValue, place.id.sqlValue, limit.sqlValue]
        ).map { row throws(DatabaseError) in try Message(row) }
    }

    private static let smallestID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
