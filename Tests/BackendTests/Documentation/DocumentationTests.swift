import Foundation
import Hummingbird
import HummingbirdTesting
import Subprocess
import Testing

@testable import Backend

@Suite("Documentation", .timeLimit(.minutes(10)))
struct DocumentationTests {
    @Test("Every route is in the OpenAPI document, and the document holds no other")
    func completeness() async throws {
        let fixture = try BackendFixture()
        let router = BackendRouter(
            settings: fixture.server.settings, lifecycle: fixture.server.lifecycle, registry: fixture.registry,
            metrics: HTTPMetrics(registry: fixture.registry), services: fixture.server.services
        ).makeRouter()
        let routes = router.routes.filter { $0.method != .options && $0.method != .head }
            .map { (method: $0.method, path: $0.path.description.replacing("**", with: "{model}")) }
        // What refuses other methods answers 405 and is no part of the API.
        let (refused, document) = try await fixture.routed { client in
            var refused: Set<String> = []
            for route in routes {
                let path = route.path.replacing("{", with: "").replacing("}", with: "")
                let response = try await client.execute(uri: path, method: route.method)
                if response.status == .methodNotAllowed { refused.insert("\(route.method) \(route.path)") }
            }
            let document = try await Self.document(client)
            return (refused, document)
        }
        let served = Set(routes.map { "\($0.method) \($0.path)" }).subtracting(refused)
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        #expect(described.subtracting(served).sorted() == [])
        #expect(served.subtracting(described).sorted() == [])
    }

    @Test("Operations have distinct names, and every schema that is named is there")
    func names() async throws {
        let document = try await Self.document(BackendFixture())
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        let names = paths.values.flatMap { $0.values }.compactMap { $0["operationId"] as? String }
        #expect(Set(names).count == names.count)
        let tags = try #require(document["tags"] as? [[String: String]]).compactMap { $0["name"] }
        for operation in paths.values.flatMap({ $0.values }) {
            #expect(Set(operation["tags"] as? [String] ?? []).isSubset(of: tags))
        }
        let components = try #require(document["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: Any])
        let text = String(decoding: try JSONSerialization.data(withJSONObject: document.members), as: UTF8.self)
            .replacing("\\/", with: "/")
        for match in text.matches(of: /#\/components\/schemas\/([A-Za-z0-9]+)/) {
            #expect(schemas[String(match.1)] != nil, "\(match.1)")
        }
    }

    @Test("The document is valid OpenAPI 3.1")
    func valid() async throws {
        let document = try await Self.document(BackendFixture())
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("openapi-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try JSONSerialization.data(withJSONObject: document.members).write(to: file)
        let outcome = try await PythonProgram("validate_document.py").run(file.path)
        #expect(outcome.status == .exited(0), "\(outcome.output)\(outcome.complaints)")
    }

    @Test("The page shows the document in a browser, tries an operation out, and loads nothing from elsewhere")
    func page() async throws {
        let backend = try BackendProcess(["serve", "--dev", "--port", "0", "--log-format", "json"])
        let port = try await backend.port()
        let outcome = try await PythonProgram("documentation_page.py").run("http://127.0.0.1:\(port)/docs")
        #expect(outcome.status == .exited(0), "\(outcome.output)\(outcome.complaints)")
    }

    private static func document(_ fixture: BackendFixture) async throws -> Document {
        try await fixture.routed { try await document($0) }
    }

    private static func document(_ client: any TestClientProtocol) async throws -> Document {
        let body = try await client.execute(uri: "/openapi.json", method: .get).body
        return Document(
            members: try #require(
                try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]))
    }

    /// Only read, by one test at a time.
    private struct Document: @unchecked Sendable {
        let members: [String: Any]

        subscript(name: String) -> Any? { members[name] }
    }
}
