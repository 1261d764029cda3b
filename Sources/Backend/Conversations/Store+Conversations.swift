import FoundationEssentials

extension Store {
    func insert(_ conversation: Conversation, for user: UUID) async throws {
        try await database.run(Self.insertion(of: conversation, for: user), .write)
    }

    static func insertion(of conversation: Conversation, for user: UUID) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO conversations
                (id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at, user_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                conversation.id.sqlValue, conversation.title.sqlValue, conversation.titleSource.sqlValue,
                conversation.model.sqlValue, conversation.systemPrompt.sqlValue, conversation.headMessageID.sqlValue,
                conversation.createdAt.sqlValue, conversation.updatedAt.sqlValue, user.sqlValue,
            ])
    }

    /// - Returns: Nil when there is none, or when it is another user's.
    func conversation(_ id: UUID, of user: UUID) async throws -> Conversation? {
        try await database.rows(
            """
            SELECT id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at
            FROM conversations WHERE id = $1 AND user_id = $2
            """, [id.sqlValue, user.sqlValue]
        ).first.map { row throws(DatabaseError) in try Conversation(row) }
    }

    /// A user's conversations after `cursor`, the last used one first.
    func conversations(of user: UUID, after cursor: PageCursor, limit: Int) async throws -> [Conversation] {
        try await database.rows(
            """
            SELECT id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at
            FROM conversations
            WHERE user_id = $1 AND updated_at <= $2 AND (updated_at, id) < ($2, $3)
            ORDER BY updated_at DESC, id DESC
            LIMIT $4
            """, [user.sqlValue, cursor.time.sqlValue, cursor.id.sqlValue, limit.sqlValue]
        ).map { row throws(DatabaseError) in try Conversation(row) }
    }

    /// As ``conversations(of:after:limit:)``, those with `text` in their title or in a message, whatever its case. The text is no
    /// pattern: `%` is a percent sign.
    func conversations(
        of user: UUID, containing text: String, after cursor: PageCursor, limit: Int
    ) async throws -> [Conversation] {
        // SQLite's own lower() knows ASCII only; this one comes with GRDB.
        let query = SQLText(
            sqlite: """
                SELECT id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at
                FROM conversations c
                WHERE user_id = $1 AND updated_at <= $2 AND (updated_at, id) < ($2, $3)
                    AND (instr(swiftLowercaseString(c.title), swiftLowercaseString($5)) > 0
                        OR EXISTS (
                            SELECT 1 FROM messages m
                            WHERE m.conversation_id = c.id
                                AND instr(swiftLowercaseString(m.content), swiftLowercaseString($5)) > 0))
                ORDER BY updated_at DESC, id DESC
                LIMIT $4
                """,
            postgreSQL: """
                SELECT id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at
                FROM conversations c
                WHERE user_id = $1 AND updated_at <= $2 AND (updated_at, id) < ($2, $3)
                    AND (strpos(lower(c.title), lower($5)) > 0
                        OR EXISTS (
                            SELECT 1 FROM messages m
                            WHERE m.conversation_id = c.id AND strpos(lower(m.content), lower($5)) > 0))
                ORDER BY updated_at DESC, id DESC
                LIMIT $4
                """)
        return try await database.rows(
            query, [user.sqlValue, cursor.time.sqlValue, cursor.id.sqlValue, limit.sqlValue, text.sqlValue]
        ).map { row throws(DatabaseError) in try Conversation(row) }
    }

    /// Writes what a user may change of a conversation: its title, model and system prompt.
    /// - Returns: False when there is none, or when it is another user's.
    func update(_ conversation: Conversation, of user: UUID) async throws -> Bool {
        // A title that was not set here stays what it is: an automatic one may have come in between.
        try await database.run(
            SQLStatement(
                """
                UPDATE conversations
                SET title = CASE WHEN $3 = 'user' THEN $2 ELSE title END,
                    title_source = CASE WHEN $3 = 'user' THEN 'user' ELSE title_source END,
                    model = $4, system_prompt = $5, updated_at = $6
                WHERE id = $1 AND user_id = $7
                """,
                [
                    conversation.id.sqlValue, conversation.title.sqlValue, conversation.titleSource.sqlValue,
                    conversation.model.sqlValue, conversation.systemPrompt.sqlValue, conversation.updatedAt.sqlValue,
                    user.sqlValue,
                ]), .write
        ).affectedRows == 1
    }

    /// Gives a conversation the title that was made for it, unless it has another one by now.
    func setAutomaticTitle(_ title: String, of conversation: UUID) async throws {
        try await database.run(
            SQLStatement(
                """
                UPDATE conversations SET title = $2, title_source = 'automatic'
                WHERE id = $1 AND title_source = 'default'
                """, [conversation.sqlValue, title.sqlValue]), .write)
    }

    /// Deletes a conversation with its messages.
    /// - Returns: False when there was none, or when it is another user's.
    func deleteConversation(_ id: UUID, of user: UUID) async throws -> Bool {
        try await database.run(
            SQLStatement("DELETE FROM conversations WHERE id = $1 AND user_id = $2", [id.sqlValue, user.sqlValue]),
            .write
        ).affectedRows == 1
    }
}
