import Hummingbird

/// Export and import of conversations.
struct TransferRoutes: RouteGroup {
    let access: ConversationAccess

    private var store: Store { access.store }

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group(ConversationRoutes.path)
        routes.get("export") { request, _ in
            let caller = try await access.caller(request)
            return ConversationExport(store: store, scope: .all(user: caller.userID)).response()
        }
        routes.get(":conversation/export") { request, context in
            let (_, conversation) = try await access.conversation(request, context)
            return ConversationExport(store: store, scope: .one(conversation)).response()
        }
        routes.post("import") { try await importDocument($0, $1) }
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
