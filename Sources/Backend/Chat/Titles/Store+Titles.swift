import FoundationEssentials

extension Store {
    /// Puts what a title took into the ledger.
    func insertTitleUsage(
        of message: Message, _ end: CompletionEnd, _ text: String, _ request: CompletionRequest, for caller: Caller
    ) async throws {
        let apiKey: UUID? = if case .apiKey(let id) = caller.credential { id } else { nil }
        let promptBytes = request.turns.reduce(0) { $0 + $1.content.utf8.count }
        let prompt = end.usage?.promptTokens ?? (promptBytes + 3) / 4
        let completion = end.usage?.completionTokens ?? (text.utf8.count + 3) / 4
        try await database.run(
            SQLStatement(
                """
                INSERT INTO usage_records (id, user_id, api_key_id, message_id, endpoint, model, prompt_tokens,
                    completion_tokens, source, outcome, created_at)
                VALUES ($1, $2, $3, $4, '/api/v1/conversations', $5, $6, $7, $8, 'completed', $9)
                """,
                [
                    UUID.version7().sqlValue, caller.userID.sqlValue, apiKey.sqlValue, message.id.sqlValue,
                    request.model.sqlValue, prompt.sqlValue, completion.sqlValue,
                    (end.usage == nil ? "estimated" : "reported").sqlValue, Timestamp.now.sqlValue,
                ]), .write)
    }
}
