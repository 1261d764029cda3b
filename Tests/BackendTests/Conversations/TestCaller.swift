import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Observability
import Testing

@testable import Backend

/// One user in front of the API.
struct TestCaller: Sendable {
    let client: any TestClientProtocol
    let user: UUID

    struct Answer: Sendable {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let body: ByteBuffer

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))) as? [String: Any] ?? [:]
        }

        var list: [[String: Any]] { json["data"] as? [[String: Any]] ?? [] }
        var id: String { json["id"] as? String ?? "" }
        var code: String? { (json["error"] as? [String: Any])?["code"] as? String }
        var param: String? { (json["error"] as? [String: Any])?["param"] as? String }
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws -> Answer {
        var headers: HTTPFields = [.authorization: "Bearer \(user.text)"]
        if body != nil { headers[.contentType] = "application/json" }
        let response = try await client.execute(
            uri: "/api/v1/conversations\(path)", method: method, headers: headers,
            body: body.map { ByteBuffer(string: $0) })
        return Answer(status: response.status, headers: response.headers, body: response.body)
    }

    func get(_ path: String) async throws -> Answer { try await send(.get, path) }
    func post(_ path: String, _ body: String? = nil) async throws -> Answer { try await send(.post, path, body) }
}

/// The conversations' part of the API on a database of its own.
struct ConversationFixture: Sendable {
    let store: Store

    init(_ maker: DatabaseMaker) async throws {
        store = Store(database: try DatabaseMaker.open(try await maker.address()))
        try await Migrator(database: store.database).migrate()
    }

    /// Calls `test` with two users, once in a fixture's life.
    func run(_ test: @escaping @Sendable (TestCaller, TestCaller) async throws -> Void) async throws {
        let users = (try await store.insertTestUser(), try await store.insertTestUser())
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let chat = ChatServices(
            store: store, authenticator: TrustingAuthenticator(),
            model: ScriptedModel { _, _ in CompletionEnd(finishReason: "stop") }, limits: .test(),
            metrics: CompletionMetrics(registry: PrometheusRegistry()),
            bus: MemoryMessageBus(metrics: MessageBusMetrics(registry: PrometheusRegistry())),
            cache: MemoryCache(longestLifetime: nil, metrics: CacheMetrics(registry: PrometheusRegistry())),
            defaultModel: "test-model",
            policy: GenerationPolicy(), logger: logger)
        let services = BackendServices(
            routes: chat.routes, background: [store.database] + chat.background, dependencies: [], chat: chat)
        try await BackendFixture(services: services).routed { client in
            try await test(TestCaller(client: client, user: users.0), TestCaller(client: client, user: users.1))
        }
    }

    /// Adds a message as the chat does, and shows its branch.
    @discardableResult
    func add(
        _ role: Message.Role, _ text: String, to conversation: String, after parent: String? = nil
    ) async throws -> String {
        let id = UUID.version7()
        let conversation = try #require(UUID(uuidString: conversation))
        _ = try await store.database.run(
            [
                SQLStatement(
                    """
                    INSERT INTO messages (id, conversation_id, parent_id, role, content, status, created_at, completed_at)
                    VALUES ($1, $2, $3, $4, $5, 'completed', $6, $6)
                    """,
                    [
                        id.sqlValue, conversation.sqlValue, parent.flatMap(UUID.init(uuidString:)).sqlValue,
                        role.sqlValue, text.sqlValue, Timestamp.now.sqlValue,
                    ]),
                SQLStatement(
                    "UPDATE conversations SET head_message_id = $1 WHERE id = $2", [id.sqlValue, conversation.sqlValue]),
            ], .write)
        return id.text
    }
}
