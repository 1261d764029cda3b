import FoundationEssentials
import HTTPTypes
import Hummingbird

/// Export and import of conversations.
struct TransferRoutes: RouteGroup {
    let access: ConversationAccess

    private var store: Store { access.store }

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group(ConversationRoutes.path)
        routes.get("export") { request, _ in
            let caller = try await access.caller(request)
            return try await export(for: caller, PageQuery(request))
        }
        routes.get(":conversation/export") { request, context in
            let (_, conversation) = try await access.conversation(request, context)
            return ConversationExport(store: store, scope: .one(conversation)).response()
        }
        routes.post("import") { try await importDocument($0, $1) }
    }

    /// All of the caller's conversations, or with `limit` so many of them as a document of their own, so that each part of a large
    /// export can be imported. Where the next part is, `Link` says (RFC 8288).
    private func export(for caller: Caller, _ query: PageQuery) async throws -> Response {
        let cursor = try query.cursor { PageCursor.decode($0).flatMap(UUID.init(uuidString:)) }
        guard query["limit"] != nil || cursor != nil else {
            return ConversationExport(store: store, scope: .all(user: caller.userID)).response()
        }
        let limit = try query.limit(default: 100)
        // One more than asked for tells whether there is a next part.
        var conversations = try await store.conversations(of: caller.userID, after: cursor, limit: limit + 1)
        let hasMore = conversations.count > limit
        if hasMore { conversations.removeLast() }
        var response = ConversationExport(store: store, scope: .some(conversations)).response()
        if hasMore, let last = conversations.last {
            let next = "\(ConversationRoutes.path)/export?limit=\(limit)&cursor=\(PageCursor.encode(last.id.text))"
            response.headers[.link] = "<\(next)>; rel=\"next\""
        }
        return response
    }

    private struct Imported: Encodable {
        struct Element: Encodable {
            let id: String
            let originalID: String

            enum CodingKeys: String, CodingKey {
                case id
                case originalID = "original_id"
            }
        }

        let data: [Element]
    }

    private func importDocument(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let caller = try await access.caller(request)
        let document = try await JSONBody.decode(ConversationDocument.self, from: request)
        let batch = try ConversationImport(document, now: .now)
        try await store.insert(batch, for: caller.userID)
        let elements = batch.mapping.map { Imported.Element(id: $0.copy.text, originalID: $0.original.text) }
        return JSONBody.response(Imported(data: elements), status: .created)
    }
}

extension HTTPField.Name {
    /// `Link` (RFC 8288).
    fileprivate static let link = HTTPField.Name.known("Link")
}
