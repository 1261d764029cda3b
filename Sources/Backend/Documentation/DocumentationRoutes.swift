import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /openapi.json`, and `GET /docs`, a page that shows it and tries it out.
struct DocumentationRoutes: RouteGroup {
    private let document: APIDocument

    /// - Parameter groups: All other parts of the API.
    init(describing groups: [any RouteGroup]) {
        document = APIDocument(
            tags: Self.tags, schemas: groups.reduce(into: [:]) { $0.merge($1.schemas) { first, _ in first } },
            operations: groups.flatMap(\.operations) + Self.operations)
    }

    var operations: [APIOperation] { Self.operations }

    /// The page shows them in this order.
    private static let tags = [
        APIDocument.Tag(name: "Accounts", description: "Registering, logging in, passwords and sessions."),
        APIDocument.Tag(name: "API keys", description: "Keys for programs."),
        APIDocument.Tag(name: "Conversations", description: "Conversations and their messages."),
        APIDocument.Tag(name: "Chat", description: "Answers, as JSON or as a stream of events."),
        APIDocument.Tag(name: "OpenAI", description: "The OpenAI-compatible API for programs."),
        APIDocument.Tag(name: "Usage", description: "What was used, and where each number comes from."),
        APIDocument.Tag(name: "Administration", description: "Users, for administrators."),
        APIDocument.Tag(name: "Operations", description: "For those who run the service."),
    ]

    func add(to router: Router<BackendRequestContext>) {
        let json = JSONBody.encode(document.node)
        router.get("openapi.json") { _, _ in
            Response(
                status: .ok, headers: [.contentType: JSONBody.contentType, .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: json))
        }
        router.get("docs") { _, _ in
            let nonce = RequestIdentifier().description
            return Response(
                status: .ok, headers: Self.pageHeaders(nonce: nonce),
                body: ResponseBody(byteBuffer: ByteBuffer(string: DocumentationPage.html(nonce: nonce))))
        }
    }

    /// The page loads nothing from elsewhere, and no other page may frame it: it holds a user's token while it is open.
    private static func pageHeaders(nonce: String) -> HTTPFields {
        [
            .contentType: "text/html; charset=utf-8", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: """
            default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; \
            base-uri 'none'; form-action 'none'; frame-ancestors 'none'
            """,
        ]
    }

    private static let operations =
        [
            APIOperation(
                method: .get, path: "/openapi.json", id: "getDocument", tag: "Operations",
                summary: "This document", access: .anyone,
                answers: [.ok("The OpenAPI document.", .json(.object(isOpen: true)))]),
            APIOperation(
                method: .get, path: "/docs", id: "getDocumentationPage", tag: "Operations",
                summary: "This document as a page", access: .anyone, answers: [.ok("The page.", .html)]),
        ]
}
