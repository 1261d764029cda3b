import FoundationEssentials

/// How an answer is stored at its end.
struct GenerationResult: Sendable {
    var status: Message.Status
    var text: String
    var finishReason: String?
    var errorCode: String?
    var usage: Message.Usage

    /// How the ledger calls it.
    var outcome: UsageRecord.Outcome {
        switch (status, finishReason) {
        case (.completed, _), (_, "length"): .completed
        case (_, "stopped"): .stopped
        case (_, "disconnected"): .disconnected
        // The service's own end included: its user got less than there was.
        default: .failed
        }
    }
}

extension Store {
    /// What is asked of the answers that this replica generates.
    struct GenerationFlags: Sendable {
        let id: UUID
        let isStopRequested: Bool
        let followedUntil: Timestamp?
    }

    /// Text of an answer, to be stored as one piece.
    struct Chunk: Sendable, Encodable {
        let id: String
        let offset: Int
        let text: String
    }

    /// Stores new text, renews leases, and reads what others ask, in one batch.
    ///
    /// Text goes only to messages that are in progress still.
    /// - Returns: The flags of those answers that are in progress; what is missing was finished or deleted by somebody else.
    func save(
        _ chunks: [Chunk], renewing renewals: [UUID], until lease: Timestamp, asking ids: [UUID]
    ) async throws -> [GenerationFlags] {
        // The lock keeps an answer from being finished between the look at its status and the end of this batch.
        let insertChunks = SQLText(
            sqlite: """
                INSERT INTO message_chunks (message_id, start_offset, content)
                SELECT m.id, j.value ->> 'offset', j.value ->> 'text'
                FROM json_each($1) j JOIN messages m ON m.id = j.value ->> 'id'
                WHERE m.status = 'in_progress'
                ON CONFLICT (message_id, start_offset) DO UPDATE SET content = excluded.content
                """,
            postgreSQL: """
                INSERT INTO message_chunks (message_id, start_offset, content)
                SELECT m.id, j."offset", j.text
                FROM jsonb_to_recordset($1) AS j (id uuid, "offset" bigint, text text) JOIN messages m ON m.id = j.id
                WHERE m.status = 'in_progress'
                FOR SHARE OF m
                ON CONFLICT (message_id, start_offset) DO UPDATE SET content = excluded.content
                """)
        let renew = SQLText(
            sqlite: """
                UPDATE messages SET lease_expires_at = $2
                WHERE id IN (SELECT value FROM json_each($1)) AND status = 'in_progress'
                """,
            postgreSQL: """
                UPDATE messages SET lease_expires_at = $2
                WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text($1)) AND status = 'in_progress'
                """)
        let ask = SQLText(
            sqlite: """
                SELECT id, stop_requested_at, followed_until FROM messages
                WHERE id IN (SELECT value FROM json_each($1)) AND status = 'in_progress'
                """,
            postgreSQL: """
                SELECT id, stop_requested_at, followed_until FROM messages
                WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text($1)) AND status = 'in_progress'
                """)
        var batch: [SQLStatement] = []
        if !chunks.isEmpty { batch.append(SQLStatement(insertChunks, [try SQLValue(jsonOf: chunks)])) }
        if !renewals.isEmpty { batch.append(SQLStatement(renew, [SQLValue(jsonOf: renewals), lease.sqlValue])) }
        let access: DatabaseAccess = batch.isEmpty ? .read : .write
        batch.append(SQLStatement(ask, [SQLValue(jsonOf: ids)]))
        guard let rows = try await database.run(batch, access).last?.rows else { return [] }
        return try rows.map { row in
            GenerationFlags(
                id: try row.get(0), isStopRequested: try row.getOptional(1, as: Timestamp.self) != nil,
                followedUntil: try row.getOptional(2))
        }
    }

    /// Stores an answer's end, with its entry in the ledger: both or nothing, and once.
    /// - Returns: False when it is finished already, or deleted.
    func finish(
        _ message: Message, _ result: GenerationResult, of caller: Caller, at now: Timestamp
    ) async throws -> Bool {
        let apiKey: UUID? = if case .apiKey(let id) = caller.credential { id } else { nil }
        do {
            _ = try await database.run(
                [
                    SQLStatement(
                        """
                        UPDATE messages SET content = $2, status = $3, finish_reason = $4, error_code = $5,
                            prompt_tokens = $6, completion_tokens = $7, usage_source = $8, completed_at = $9,
                            lease_expires_at = NULL
                        WHERE id = $1 AND status = 'in_progress'
                        """,
                        [
                            message.id.sqlValue, result.text.sqlValue, result.status.sqlValue,
                            result.finishReason.sqlValue, result.errorCode.sqlValue,
                            result.usage.promptTokens.sqlValue, result.usage.completionTokens.sqlValue,
                            result.usage.source.sqlValue, now.sqlValue,
                        ], expecting: .exactly(1)),
                    SQLStatement("DELETE FROM message_chunks WHERE message_id = $1", [message.id.sqlValue]),
                    SQLStatement(
                        "UPDATE conversations SET updated_at = $2 WHERE id = $1 AND updated_at < $2",
                        [message.conversationID.sqlValue, now.sqlValue]),
                    SQLStatement(
                        """
                        INSERT INTO usage_records (id, user_id, api_key_id, message_id, endpoint, model, prompt_tokens,
                            completion_tokens, source, outcome, created_at)
                        VALUES ($1, $2, $3, $1, '/api/v1/conversations', $4, $5, $6, $7, $8, $9)
                        """,
                        [
                            message.id.sqlValue, caller.userID.sqlValue, apiKey.sqlValue,
                            (message.model ?? "").sqlValue, result.usage.promptTokens.sqlValue,
                            result.usage.completionTokens.sqlValue, result.usage.source.sqlValue,
                            result.outcome.sqlValue, now.sqlValue,
                        ]),
                ], .write)
            return true
        } catch let error as DatabaseError {
            // After a lost connection the first attempt may have been carried out; the second one then finds nothing to do.
            guard error.code == .expectationFailed else { throw error }
            return false
        }
    }

    /// Answers whose replicas are gone.
    func abandonedMessages(at now: Timestamp, limit: Int) async throws -> [UUID] {
        try await database.rows(
            """
            SELECT id FROM messages WHERE lease_expires_at < $1 AND status = 'in_progress'
            ORDER BY lease_expires_at LIMIT $2
            """, [now.sqlValue, limit.sqlValue]
        ).map { row throws(DatabaseError) in try row.get(0) }
    }

    /// Asks the replica that generates an answer to stop.
    func requestStop(of message: UUID, at now: Timestamp) async throws {
        try await database.run(
            SQLStatement(
                "UPDATE messages SET stop_requested_at = $2 WHERE id = $1 AND status = 'in_progress'",
                [message.sqlValue, now.sqlValue]), .write)
    }

    /// Says that a client of another replica reads an answer along.
    func follow(_ message: UUID, until time: Timestamp) async throws {
        try await database.run(
            SQLStatement(
                "UPDATE messages SET followed_until = $2 WHERE id = $1 AND status = 'in_progress'",
                [message.sqlValue, time.sqlValue]), .write)
    }

    /// The stored text of an answer in progress from `offset` on, then the message itself: in this order, so that the end of an
    /// answer between the two shows in the message.
    func progress(
        of message: UUID, in conversation: UUID, after offset: Int
    ) async throws -> (pieces: [(offset: Int, text: String)], message: Message?) {
        let results = try await database.run(
            [
                // Pieces do not begin where a reader stands; the one before `offset` is the first that may reach beyond it.
                SQLStatement(
                    """
                    SELECT start_offset, content FROM message_chunks
                    WHERE message_id = $1 AND start_offset >= coalesce((
                        SELECT max(start_offset) FROM message_chunks WHERE message_id = $1 AND start_offset <= $2), 0)
                    ORDER BY start_offset
                    """, [message.sqlValue, offset.sqlValue]),
                SQLStatement(
                    """
                    SELECT id, conversation_id, parent_id, role, content, status, finish_reason, error_code, model,
                        prompt_tokens, completion_tokens, usage_source, lease_expires_at, created_at, completed_at
                    FROM messages WHERE id = $1 AND conversation_id = $2
                    """, [message.sqlValue, conversation.sqlValue]),
            ], .read)
        let pieces = try results[0].rows.map { row in
            (offset: try row.get(0, as: Int.self), text: try row.get(1, as: String.self))
        }
        return (pieces, try results[1].rows.first.map { row throws(DatabaseError) in try Message(row) })
    }

    /// Forgets idempotency keys that are too old to be honoured.
    func deleteIdempotencyKeys(before time: Timestamp) async throws {
        try await database.run(
            SQLStatement("DELETE FROM idempotency_keys WHERE created_at < $1", [time.sqlValue]), .write)
    }
}
