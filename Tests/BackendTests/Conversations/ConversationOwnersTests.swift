import Foundation
import Observability
import Testing

@testable import Backend

@Suite("Whose a conversation is", .timeLimit(.minutes(10)))
struct ConversationOwnersTests {
    private func with(
        ttl: String, _ maker: DatabaseMaker, _ test: @Sendable (ConversationOwners, UUID, UUID) async throws -> Void
    ) async throws {
        let settings = try Settings(variables: ["CONVERSATION_CACHE_TTL": ttl])
        try await maker.with { database in
            let store = Store(database: database)
            let user = try await store.insertTestUser()
            let now = Timestamp.now
            let conversation = Conversation(
                id: .version7(now), title: "x", titleSource: .default, model: nil, systemPrompt: nil,
                headMessageID: nil,
                createdAt: now, updatedAt: now)
            try await store.insert(conversation, for: user)
            let cache = MemoryCache(
                lifetimes: CacheLifetimes(settings.cache), longestLifetime: nil,
                metrics: CacheMetrics(registry: PrometheusRegistry()))
            try await test(ConversationOwners(store: store, cache: cache), conversation.id, user)
        }
    }

    @Test(
        "is remembered for as long as the setting says, until the conversation is deleted", arguments: DatabaseMaker.all
    )
    func remembered(maker: DatabaseMaker) async throws {
        try await with(ttl: "3600", maker) { (owners, conversation, user) async throws in
            #expect(try await owners.owner(of: conversation) == user)
            // Behind the cache's back.
            #expect(try await owners.store.deleteConversation(conversation, of: user))
            #expect(try await owners.owner(of: conversation) == user)
            await owners.forget(conversation)
            #expect(try await owners.owner(of: conversation) == nil)
        }
    }

    @Test("is asked of the database each time with the setting at 0", arguments: DatabaseMaker.all)
    func notRemembered(maker: DatabaseMaker) async throws {
        try await with(ttl: "0", maker) { (owners, conversation, user) async throws in
            #expect(try await owners.owner(of: conversation) == user)
            #expect(try await owners.store.deleteConversation(conversation, of: user))
            #expect(try await owners.owner(of: conversation) == nil)
        }
    }
}
