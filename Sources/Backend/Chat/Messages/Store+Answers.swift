import FoundationEssentials

/// What an `Idempotency-Key` stands for.
struct IdempotencyKey: Sendable, Hashable {
    static let lifetime = Duration.seconds(24 * 3600)

    let key: String
    /// Of everything that makes the request what it is.
    let requestHash: [UInt8]
}

/// Messages that are to be stored before an answer begins.
struct AnswerStart: Sendable {
    var userMessage: Message?
    var answer: Message
    var idempotencyKey: IdempotencyKey?
}

extension Store {
    /// Why an answer cannot begin.
    enum StartConflict: Error, Sendable {
        /// The key was used before.
        case keyUsed
        /// Another answer of the conversation is in progress.
        case running
        /// The conversation is gone.
        case noConversation
    }

    /// Stores what an answer begins with, all or nothing, and shows its branch.
    func begin(_ start: AnswerStart, of user: UUID) async throws {
        let answer = start.answer
        var batch: [SQLStatement] = []
        if let key = start.idempotencyKey {
            let cutoff = answer.createdAt - IdempotencyKey.lifetime
            batch.append(
                SQLStatement(
                    "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND created_at < $3",
                    [user.sqlValue, key.key.sqlValue, cutoff.sqlValue]))
            batch.append(
                SQLStatement(
                    """
                    INSERT INTO idempotency_keys (user_id, key, request_hash, message_id, created_at)
                    VALUES ($1, $2, $3, $4, $5)
                    """,
                    [
                        user.sqlValue, key.key.sqlValue, key.requestHash.sqlValue, answer.id.sqlValue,
                        answer.createdAt.sqlValue,
                    ]))
        }
        let update = batch.count
        batch.append(
            SQLStatement(
                """
                UPDATE conversations SET head_message_id = $1,
                    updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at END
                WHERE id = $3 AND user_id = $4
                """,
                [answer.id.sqlValue, answer.createdAt.sqlValue, answer.conversationID.sqlValue, user.sqlValue],
                expecting: .exactly(1)))
        batch += [start.userMessage, answer].compactMap(\.self).map(Self.insertion)
        do {
            _ = try await database.run(batch, .write)
        } catch let error as DatabaseError {
            if error.code == .expectationFailed, error.statementIndex == update { throw StartConflict.noConversation }
            guard error.code == .uniqueViolation else { throw error }
            throw error.constraint?.contains("idempotency") == true ? StartConflict.keyUsed : StartConflict.running
        }
    }

    /// - Returns: The hash of the request that the key was used for, and the answer that came of it.
    func idempotentAnswer(
        _ key: String, of user: UUID, at now: Timestamp
    ) async throws -> (requestHash: [UInt8], message: UUID)? {
        try await database.rows(
            "SELECT request_hash, message_id FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND created_at >= $3",
            [user.sqlValue, key.sqlValue, (now - IdempotencyKey.lifetime).sqlValue]
        ).first.map { row in (try row.get(0), try row.get(1)) }
    }

    /// The answer that a conversation has in progress.
    func runningAnswer(of conversation: UUID) async throws -> UUID? {
        try await database.rows(
            "SELECT id FROM messages WHERE conversation_id = $1 AND status = 'in_progress'", [conversation.sqlValue]
        ).first?.get(0)
    }

    func messageCount(of conversation: UUID) async throws -> Int {
        try await database.rows(
            "SELECT count(*) FROM messages WHERE conversation_id = $1", [conversation.sqlValue]
        ).first?.get(0) ?? 0
    }

    private static func insertion(_ message: Message) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO messages (id, conversation_id, parent_id, role, content, status, model, prompt_tokens,
                lease_expires_at, created_at, completed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                message.id.sqlValue, message.conversationID.sqlValue, message.parentID.sqlValue, message.role.sqlValue,
                message.content.sqlValue, message.status.sqlValue, message.model.sqlValue,
                (message.usage?.promptTokens).sqlValue, message.leaseExpiresAt.sqlValue, message.createdAt.sqlValue,
                message.completedAt.sqlValue,
            ])
    }
}
