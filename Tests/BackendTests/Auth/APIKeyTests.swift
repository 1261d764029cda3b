import Foundation
import HTTPTypes
import Testing

@testable import Backend

@Suite("API keys", .timeLimit(.minutes(10)))
struct APIKeyTests {
    private static let path = "/api/v1/api-keys"

    @Test(
        "A key is shown once, listed without its secret, and no longer good once it is deleted",
        arguments: DatabaseMaker.all)
    func life(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let tokens = try await api.register("ada@example.com")
            let made = try await api.post(Self.path, ["name": "laptop"], as: tokens.access)
            #expect(made.status == 201)
            let key = made.string("key")
            #expect(key.wholeMatch(of: /sk-cb-[A-Za-z0-9_-]{43}/) != nil)
            let list = try await api.get(Self.path, as: tokens.access)
            #expect(!list.text.contains(key))
            let listed = try #require((list.object["data"] as? [[String: Any]])?.first)
            #expect(listed["name"] as? String == "laptop")
            let prefix = try #require(listed["prefix"] as? String)
            #expect(key.hasPrefix(prefix))
            #expect(try await api.isLetIn(key))
            #expect(try await api.send(.delete, "\(Self.path)/\(made.string("id"))", as: tokens.access).status == 204)
            #expect(try await !api.isLetIn(key))
            #expect(try await api.send(.delete, "\(Self.path)/\(made.string("id"))", as: tokens.access).status == 404)
        }
    }

    @Test("Keys do not manage accounts or keys, and nobody deletes or sees another's", arguments: DatabaseMaker.all)
    func rights(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let ada = try await api.register("ada@example.com")
            let bob = try await api.register("bob@example.com")
            let key = try await api.makeKey(ada.access)
            for (method, path) in [
                (HTTPRequest.Method.get, Self.path), (.post, Self.path), (.patch, "/api/v1/users/me"),
                (.delete, "/api/v1/users/me"), (.post, "/api/v1/users/me/password"), (.post, "/api/v1/auth/logout"),
                (.get, "/api/v1/users"),
            ] {
                let answer = try await api.send(method, path, as: key.key)
                #expect(answer.status == 403, "\(method) \(path)")
                #expect(answer.code == "session_required")
            }
            #expect(try await api.send(.delete, "\(Self.path)/\(key.id)", as: bob.access).status == 404)
            #expect(try await api.send(.delete, "\(Self.path)/not-an-id", as: ada.access).status == 404)
            let list = try await api.get(Self.path, as: bob.access)
            #expect((list.object["data"] as? [Any])?.isEmpty == true)
            #expect(try await api.isLetIn(key.key))
        }
    }

    @Test("A key with an end is good until then", arguments: DatabaseMaker.all)
    func expiry(maker: DatabaseMaker) async throws {
        let time = TestClock()
        try await BackendFixture(on: maker, clock: time.clock).api { api in
            let tokens = try await api.register("ada@example.com")
            let end = (time.clock.now + .seconds(60)).description
            let made = try await api.post(Self.path, ["name": "x", "expires_at": end], as: tokens.access)
            #expect(try await api.isLetIn(made.string("key")))
            time.advance(by: .seconds(61))
            #expect(try await !api.isLetIn(made.string("key")))
            for wrong in [end, "tomorrow", "2026-13-01T00:00:00Z"] {
                let answer = try await api.post(Self.path, ["name": "x", "expires_at": wrong], as: tokens.access)
                #expect(answer.status == 422)
                #expect(answer.param == "expires_at")
            }
        }
    }

    @Test("What another replica changed is heard of through the database alone")
    func otherReplica() async throws {
        let time = TestClock()
        let store = Store(database: try SQLiteDatabase(path: nil))
        _ = try await Migrator(database: store.database).migrate()
        let now = time.clock.now
        let user = User(
            id: .version7(now), email: try UserEmail(parsing: "ada@example.com"), name: "", passwordHash: "x",
            role: .user, isActive: true, createdAt: now, updatedAt: now, passwordChangedAt: now)
        try await store.insert(user)
        let secret = APIKeySecret()
        let key = APIKey(
            id: .version7(now), name: "x", prefix: secret.displayPrefix, createdAt: now, lastUsedAt: nil, expiresAt: nil
        )
        try await store.insert(key, secret.digest, for: user.id)

        let cache = CredentialCache(store: store, clock: time.clock)
        cache.noteSynchronized()
        #expect(try await cache.grant(for: .apiKey(secret.digest)) != nil)
        #expect(try await store.deleteAPIKey(key.id, of: user.id, at: time.clock.now))
        // Not heard of yet.
        #expect(try await cache.grant(for: .apiKey(secret.digest)) != nil)
        for change in try await store.accountChanges(since: now - .seconds(60)) { cache.forget(user: change.user) }
        #expect(try await cache.grant(for: .apiKey(secret.digest)) == nil)
    }

    @Test(
        "A replica that no longer hears of changes asks the database again after ten seconds",
        arguments: DatabaseMaker.all)
    func unsynchronized(maker: DatabaseMaker) async throws {
        let time = TestClock()
        try await maker.with { database in
            let store = Store(database: database)
            let cache = CredentialCache(store: store, clock: time.clock)
            let digest = APIKeySecret().digest
            #expect(try await cache.grant(for: .apiKey(digest)) == nil)
            let now = time.clock.now
            let user = User(
                id: .version7(now), email: try UserEmail(parsing: "ada@example.com"), name: "", passwordHash: "x",
                role: .user, isActive: true, createdAt: now, updatedAt: now, passwordChangedAt: now)
            try await store.insert(user)
            let key = APIKey(id: .version7(now), name: "x", prefix: "", createdAt: now, lastUsedAt: nil, expiresAt: nil)
            try await store.insert(key, digest, for: user.id)
            time.advance(by: .seconds(11))
            #expect(try await cache.grant(for: .apiKey(digest)) != nil)
            // Deleted behind everybody's back.
            try await store.database.run(SQLStatement("DELETE FROM api_keys"), .write)
            time.advance(by: .seconds(9))
            #expect(try await cache.grant(for: .apiKey(digest)) != nil)
            time.advance(by: .seconds(2))
            #expect(try await cache.grant(for: .apiKey(digest)) == nil)
        }
    }

    @Test("The use of a key is noted once a minute", arguments: DatabaseMaker.all)
    func lastUse(maker: DatabaseMaker) async throws {
        let time = TestClock()
        try await maker.with { database in
            let store = Store(database: database)
            let now = time.clock.now
            let user = User(
                id: .version7(now), email: try UserEmail(parsing: "ada@example.com"), name: "", passwordHash: "x",
                role: .user, isActive: true, createdAt: now, updatedAt: now, passwordChangedAt: now)
            try await store.insert(user)
            let digest = APIKeySecret().digest
            let key = APIKey(id: .version7(now), name: "x", prefix: "", createdAt: now, lastUsedAt: nil, expiresAt: nil)
            try await store.insert(key, digest, for: user.id)
            let cache = CredentialCache(store: store, clock: time.clock)
            for _ in 0..<3 { _ = try await cache.grant(for: .apiKey(digest)) }
            let uses = cache.takeUses()
            #expect(uses == [key.id: now])
            try await store.noteUses(ofKeys: uses)
            #expect(try await store.apiKeys(of: user.id).first?.lastUsedAt == now)
            cache.noteSynchronized()
            _ = try await cache.grant(for: .apiKey(digest))
            #expect(cache.takeUses().isEmpty)
            time.advance(by: .seconds(61))
            cache.noteSynchronized()
            _ = try await cache.grant(for: .apiKey(digest))
            #expect(cache.takeUses() == [key.id: time.clock.now])
        }
    }
}
