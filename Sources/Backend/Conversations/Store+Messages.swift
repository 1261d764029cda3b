import FoundationEssentials

extension Store {
    /// How many messages a conversation may have: its forks and its branches are walked in one statement.
    static let maximumMessages = 10_000

    /// A message; of an answer in progress with the text that is stored so far.
    /// - Returns: Nil when the conversation has none of this id.
    func message(_ id: UUID, in conversation: UUID) async throws -> Message? {
        let results = try await database.run(
            [
                Self.runningText(in: conversation),
                SQLStatement(
                    """
                    SELECT id, conversation_id, parent_id, role, content, status, finish_reason, error_code, model,
                        prompt_tokens, completion_tokens, usage_source, lease_expires_at, created_at, completed_at
                    FROM messages WHERE id = $1 AND conversation_id = $2
                    """, [id.sqlValue, conversation.sqlValue]),
            ], .read)
        let running = try RunningText(results[0].rows)
        return try results[1].rows.first.map { row throws(DatabaseError) in running.complete(try Message(row)) }
    }

    /// A branch from its end towards its beginning.
    /// - Parameter end: The message to begin with.
    func branch(endingAt end: UUID, in conversation: UUID, limit: Int) async throws -> MessageBranch {
        // `level` bounds the walk also where a planner would not stop at LIMIT.
        let arguments = [end.sqlValue, conversation.sqlValue, limit.sqlValue]
        let results = try await database.run(
            [
                Self.runningText(in: conversation),
                SQLStatement(
                    """
                    WITH RECURSIVE branch (id, parent_id, level) AS (
                        SELECT id, parent_id, 1 FROM messages WHERE id = $1 AND conversation_id = $2
                        UNION ALL
                        SELECT m.id, m.parent_id, b.level + 1
                        FROM branch b JOIN messages m ON m.id = b.parent_id
                        WHERE b.level < $3)
                    SELECT m.id, m.conversation_id, m.parent_id, m.role, m.content, m.status, m.finish_reason,
                        m.error_code, m.model, m.prompt_tokens, m.completion_tokens, m.usage_source,
                        m.lease_expires_at, m.created_at, m.completed_at
                    FROM branch b JOIN messages m ON m.id = b.id
                    ORDER BY b.level
                    """, arguments),
                SQLStatement(
                    """
                    WITH RECURSIVE branch (id, parent_id, level) AS (
                        SELECT id, parent_id, 1 FROM messages WHERE id = $1 AND conversation_id = $2
                        UNION ALL
                        SELECT m.id, m.parent_id, b.level + 1
                        FROM branch b JOIN messages m ON m.id = b.parent_id
                        WHERE b.level < $3)
                    SELECT s.id, s.parent_id, s.created_at
                    FROM branch b
                        JOIN messages s ON s.conversation_id = $2 AND s.parent_id = b.parent_id
                    UNION ALL
                    SELECT id, parent_id, created_at FROM messages WHERE conversation_id = $2 AND parent_id IS NULL
                    ORDER BY 3, 1
                    """, arguments),
            ], .read)
        let running = try RunningText(results[0].rows)
        let messages = try results[1].rows.map { row throws(DatabaseError) in running.complete(try Message(row)) }
        return MessageBranch(messages: messages, siblings: try Siblings(results[2].rows))
    }

    /// The last message of the branch through `message` that was added last.
    func newestLeaf(below message: UUID, in conversation: UUID) async throws -> UUID? {
        try await database.rows(
            """
            WITH RECURSIVE branch (id, level) AS (
                SELECT id, 1 FROM messages WHERE id = $1 AND conversation_id = $2
                UNION ALL
                SELECT m.id, b.level + 1
                FROM branch b JOIN messages m ON m.id = (
                    SELECT c.id FROM messages c
                    WHERE c.conversation_id = $2 AND c.parent_id = b.id
                    ORDER BY c.created_at DESC, c.id DESC LIMIT 1)
                WHERE b.level < $3)
            SELECT id FROM branch ORDER BY level DESC LIMIT 1
            """, [message.sqlValue, conversation.sqlValue, Self.maximumMessages.sqlValue]
        ).first?.get(0)
    }

    /// Shows the branch that ends at `head`.
    func select(head: UUID, in conversation: UUID, of user: UUID) async throws -> Bool {
        try await database.run(
            SQLStatement(
                """
                UPDATE conversations SET head_message_id = $1
                WHERE id = $2 AND user_id = $3
                    AND EXISTS (SELECT 1 FROM messages m WHERE m.id = $1 AND m.conversation_id = $2)
                """, [head.sqlValue, conversation.sqlValue, user.sqlValue]), .write
        ).affectedRows == 1
    }

    /// Finishes an answer whose replica is gone, with the text that it had stored.
    ///
    /// Any number of replicas may do it at once: one of them does it, once.
    func finishAbandoned(_ message: UUID, at now: Timestamp) async throws {
        let arguments = [message.sqlValue, now.sqlValue]
        let finish = SQLText(
            sqlite: """
                UPDATE messages SET
                    content = coalesce((
                        SELECT group_concat(content, '') FROM (
                            SELECT content FROM message_chunks WHERE message_id = $1 ORDER BY start_offset)), ''),
                    status = 'incomplete', finish_reason = 'interrupted', completed_at = $2, lease_expires_at = NULL
                WHERE id = $1 AND status = 'in_progress' AND lease_expires_at < $2
                """,
            postgreSQL: """
                UPDATE messages SET
                    content = coalesce((
                        SELECT string_agg(content, '' ORDER BY start_offset) FROM message_chunks WHERE message_id = $1), ''),
                    status = 'incomplete', finish_reason = 'interrupted', completed_at = $2, lease_expires_at = NULL
                WHERE id = $1 AND status = 'in_progress' AND lease_expires_at < $2
                """)
        // A token is about four bytes; nobody reported a number, as the replica that would have is gone.
        let estimate = SQLText(
            sqlite: """
                UPDATE messages SET completion_tokens = (length(CAST(content AS BLOB)) + 3) / 4,
                    prompt_tokens = coalesce(prompt_tokens, 0), usage_source = 'estimated'
                WHERE id = $1 AND finish_reason = 'interrupted'
                """,
            postgreSQL: """
                UPDATE messages SET completion_tokens = (octet_length(content) + 3) / 4,
                    prompt_tokens = coalesce(prompt_tokens, 0), usage_source = 'estimated'
                WHERE id = $1 AND finish_reason = 'interrupted'
                """)
        do {
            _ = try await database.run(
                [
                    SQLStatement(finish, arguments, expecting: .exactly(1)),
                    SQLStatement(estimate, [message.sqlValue]),
                    SQLStatement("DELETE FROM message_chunks WHERE message_id = $1", [message.sqlValue]),
                    SQLStatement(
                        """
                        INSERT INTO usage_records (id, user_id, api_key_id, message_id, endpoint, model, prompt_tokens,
                            completion_tokens, source, outcome, created_at)
                        SELECT m.id, c.user_id, NULL, m.id, '/api/v1/conversations', coalesce(m.model, ''), m.prompt_tokens,
                            m.completion_tokens, m.usage_source, 'failed', m.completed_at
                        FROM messages m JOIN conversations c ON c.id = m.conversation_id
                        WHERE m.id = $1
                        """, [message.sqlValue]),
                ], .write)
        } catch let error as DatabaseError {
            // Somebody else was faster, or its replica lives after all.
            guard error.code == .expectationFailed else { throw error }
        }
    }

    /// The stored text of the answer that a conversation has in progress. It is read before the message: when that has ended in
    /// between, the message has all of its text itself.
    private static func runningText(in conversation: UUID) -> SQLStatement {
        SQLStatement(
            """
            SELECT k.message_id, k.content
            FROM messages m JOIN message_chunks k ON k.message_id = m.id
            WHERE m.conversation_id = $1 AND m.status = 'in_progress'
            ORDER BY k.start_offset
            """, [conversation.sqlValue])
    }
}

/// A part of a branch, from its end towards its beginning.
struct MessageBranch: Sendable {
    var messages: [Message]
    var siblings: Siblings
}

/// The messages that stand beside each other, by what they follow.
struct Siblings: Sendable {
    private var byParent: [UUID?: [UUID]] = [:]

    /// Reads the columns `id, parent_id`, in the order in which the messages were added.
    init(_ rows: [SQLRow]) throws(DatabaseError) {
        for row in rows { byParent[try row.getOptional(1), default: []].append(try row.get(0)) }
    }

    /// The messages beside `message`, itself included.
    func beside(_ message: Message) -> [UUID] { byParent[message.parentID] ?? [message.id] }
}

/// What is stored of an answer in progress.
private struct RunningText {
    private var message: UUID?
    private var text = ""

    init(_ rows: [SQLRow]) throws(DatabaseError) {
        for row in rows {
            message = try row.get(0)
            text += try row.get(1, as: String.self)
        }
    }

    func complete(_ message: Message) -> Message {
        guard message.status == .inProgress, message.id == self.message else { return message }
        var message = message
        message.content = text
        return message
    }
}
