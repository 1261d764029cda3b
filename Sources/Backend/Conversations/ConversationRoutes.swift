import FoundationEssentials
import Hummingbird

/// `/api/v1/conversations`, without what generates answers.
struct ConversationRoutes: RouteGroup {
    static let path: RouterPath = "/api/v1/conversations"

    let access: ConversationAccess
    /// Called with the answer that a conversation has in progress before the conversation is deleted.
    var onDeletion: @Sendable (Conversation) async -> Void = { _ in }

    private var store: Store { access.store }

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group(Self.path)
        routes.post { try await create($0, $1) }
        routes.get { try await list($0, $1) }
        routes.get(":conversation") { request, context in
            JSONBody.response(try await access.conversation(request, context).conversation)
        }
        routes.patch(":conversation") { try await update($0, $1) }
        routes.delete(":conversation") { try await delete($0, $1) }
    }

    private func create(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let caller = try await access.caller(request)
        let body = try await JSONBody.decode(CreateConversationRequest.self, from: request)
        let now = Timestamp.now
        let conversation = Conversation(
            id: .version7(now), title: body.title?.text ?? Conversation.defaultTitle,
            titleSource: body.title == nil ? .default : .user, model: body.model?.text,
            systemPrompt: body.systemPrompt?.text, headMessageID: nil, createdAt: now, updatedAt: now)
        try await store.insert(conversation, for: caller.userID)
        var response = JSONBody.response(conversation, status: .created)
        response.headers[.location] = "\(Self.path)/\(conversation.id.text)"
        return response
    }

    private func list(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let caller = try await access.caller(request)
        let query = PageQuery(request)
        let limit = try query.limit(default: 20)
        let cursor = try query.cursor(PageCursor.init) ?? .start
        var conversations =
            if let text = try query.search() {
                // One more than asked for tells whether there is a next page.
                try await store.conversations(of: caller.userID, containing: text, after: cursor, limit: limit + 1)
            } else {
                try await store.conversations(of: caller.userID, after: cursor, limit: limit + 1)
            }
        let hasMore = conversations.count > limit
        if hasMore { conversations.removeLast() }
        let last = hasMore ? conversations.last : nil
        var json = JSONWriter()
        json.object { json in
            json.name("data")
            json.array(conversations) { $1.write(to: &$0) }
            json.member("next_cursor", last.map { PageCursor(time: $0.updatedAt, id: $0.id).description })
        }
        return JSONBody.response(json)
    }

    private func update(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        var (caller, conversation) = try await access.conversation(request, context)
        let body = try await JSONBody.decode(UpdateConversationRequest.self, from: request)
        body.apply(to: &conversation)
        conversation.updatedAt = max(.now, conversation.updatedAt)
        guard try await store.update(conversation, of: caller.userID) else { throw APIError.conversationNotFound }
        return JSONBody.response(try await access.conversation(conversation.id, of: caller))
    }

    private func delete(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let (caller, conversation) = try await access.conversation(request, context)
        await onDeletion(conversation)
        guard try await store.deleteConversation(conversation.id, of: caller.userID) else {
            throw APIError.conversationNotFound
        }
        await access.owners.forget(conversation.id)
        return Response(status: .noContent)
    }
}
