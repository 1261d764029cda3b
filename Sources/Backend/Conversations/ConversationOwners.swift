import FoundationEssentials

/// Whose conversations are, as it must be known before anything of one is read; remembered for `CONVERSATION_CACHE_TTL`.
///
/// A conversation has the same owner for as long as it exists, and its identifier is never used again. So what is remembered can be
/// wrong in one way only: that the conversation is gone. Then everything in it is gone too, its owner finds nothing there, and nobody
/// else is let in. A deletion is forgotten by all replicas at once with Redis, and after ``MemoryCache/sharedLifetime`` without;
/// conversations that go with their owner's account need no forgetting, for there is nobody left to ask.
struct ConversationOwners: Sendable {
    let store: Store
    let cache: any Cache

    /// The owner; nil when there is no such conversation, which is not remembered.
    func owner(of conversation: UUID) async throws -> UUID? {
        let bytes = try await cache.getOrCompute(Self.key(conversation)) { [store] in
            try await store.owner(of: conversation).map { Array($0.text.utf8) }
        }
        return bytes.flatMap { UUID(uuidString: String(decoding: $0, as: UTF8.self)) }
    }

    /// The conversation is deleted.
    func forget(_ conversation: UUID) async {
        await cache.remove(Self.key(conversation))
    }

    private static func key(_ conversation: UUID) -> CacheKey { .conversation("owner:\(conversation.text)") }
}

extension Store {
    fileprivate func owner(of conversation: UUID) async throws -> UUID? {
        try await database.rows("SELECT user_id FROM conversations WHERE id = $1", [conversation.sqlValue]).first?.get(
            0)
    }
}
