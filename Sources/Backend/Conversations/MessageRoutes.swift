import FoundationEssentials
import Hummingbird

/// The messages of a conversation: reading them, switching between branches, forking.
struct MessageRoutes: RouteGroup {
    let access: ConversationAccess

    private var store: Store { access.store }

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group(ConversationRoutes.path).group(":conversation/messages")
        routes.get { try await list($0, $1) }
        routes.get(":message") { request, context in
            let conversation = try await access.conversationID(request, context)
            return JSONBody.response(try await access.message(context, in: conversation))
        }
        routes.post(":message/select") { try await select($0, $1) }
        routes.post(":message/fork") { try await fork($0, $1) }
    }

    /// A message with what stands beside it.
    private struct Element: Encodable {
        let message: Message
        let siblings: [UUID]

        enum CodingKeys: String, CodingKey {
            case siblings
        }

        struct Place: Encodable {
            let count: Int
            /// Counted from 0 in the order in which they were added.
            let index: Int
            let ids: [String]
        }

        func encode(to encoder: any Encoder) throws {
            try message.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            let place = Place(
                count: siblings.count, index: siblings.firstIndex(of: message.id) ?? 0, ids: siblings.map(\.text))
            try container.encode(place, forKey: .siblings)
        }
    }

    /// The shown branch, its end first.
    private func list(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let (_, conversation) = try await access.conversation(request, context)
        let query = PageQuery(request)
        let limit = try query.limit(default: 50)
        let cursor = try query.cursor { PageCursor.decode($0).flatMap(UUID.init(uuidString:)) }
        guard let start = cursor ?? conversation.headMessageID else {
            return JSONBody.response(Page<Element>(data: []))
        }
        var branch = try await store.branch(endingAt: start, in: conversation.id, limit: limit)
        let now = Timestamp.now
        if let abandoned = branch.messages.first(where: { $0.isAbandoned(at: now) }) {
            try await store.finishAbandoned(abandoned.id, at: now)
            branch = try await store.branch(endingAt: start, in: conversation.id, limit: limit)
        }
        let next = branch.messages.count == limit ? branch.messages.last?.parentID : nil
        return JSONBody.response(
            Page(
                data: branch.messages.map { Element(message: $0, siblings: branch.siblings.beside($0)) },
                nextCursor: next.map { PageCursor.encode($0.text) }))
    }

    /// Shows the branch that the message is on, to its newest end.
    private func select(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let (caller, conversation) = try await access.conversation(request, context)
        let message = try await access.message(context, in: conversation.id)
        guard let leaf = try await store.newestLeaf(below: message.id, in: conversation.id),
            try await store.select(head: leaf, in: conversation.id, of: caller.userID)
        else { throw APIError.messageNotFound }
        return JSONBody.response(try await access.conversation(conversation.id, of: caller))
    }

    private func fork(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let (caller, conversation) = try await access.conversation(request, context)
        let message = try await access.message(context, in: conversation.id)
        let title = try await forkTitle(request)
        let now = Timestamp.now
        var copy = conversation
        copy = Conversation(
            id: .version7(now), title: title?.text ?? conversation.title,
            titleSource: title == nil ? conversation.titleSource : .user, model: conversation.model,
            systemPrompt: conversation.systemPrompt, headMessageID: nil, createdAt: now, updatedAt: now)
        copy = try await store.fork(conversation.id, at: message.id, into: copy, for: caller.userID)
        var response = JSONBody.response(copy, status: .created)
        response.headers[.location] = "\(ConversationRoutes.path)/\(copy.id.text)"
        return response
    }

    private func forkTitle(_ request: Request) async throws -> ConversationTitle? {
        var request = request
        let body = try await request.collectBody(upTo: BackendRequestContext.bodyLimit)
        guard body.readableBytes > 0 else { return nil }
        return try await JSONBody.decode(ForkRequest.self, from: request).title
    }
}
