import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Backend

/// What a client of the API does, in few words.
struct APIClient: Sendable {
    let client: any TestClientProtocol

    struct Answer {
        let status: Int
        let headers: HTTPFields
        let text: String
        let object: [String: Any]

        var error: [String: Any] { object["error"] as? [String: Any] ?? [:] }
        var code: String? { error["code"] as? String }
        var param: String? { error["param"] as? String }
        func string(_ name: String) -> String { object[name] as? String ?? "" }
    }

    /// - Parameter body: A string is sent as it is, anything else as JSON.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: Any? = nil, as credential: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if let credential { headers[.authorization] = "Bearer \(credential)" }
        let buffer: ByteBuffer? =
            switch body {
            case nil: nil
            case let text as String: ByteBuffer(string: text)
            case let object?: ByteBuffer(bytes: try JSONSerialization.data(withJSONObject: object))
            }
        let response = try await client.execute(uri: path, method: method, headers: headers, body: buffer)
        let object = try? JSONSerialization.jsonObject(with: Data(response.body.readableBytesView)) as? [String: Any]
        return Answer(
            status: response.status.code, headers: response.headers, text: String(buffer: response.body),
            object: object ?? [:])
    }

    func post(_ path: String, _ body: Any? = nil, as credential: String? = nil) async throws -> Answer {
        try await send(.post, path, body, as: credential)
    }

    func get(_ path: String, as credential: String? = nil) async throws -> Answer {
        try await send(.get, path, as: credential)
    }

    static let password = "analytical engine"

    /// A new user, logged in.
    func register(_ email: String) async throws -> Tokens {
        let answer = try await post("/api/v1/auth/register", ["email": email, "password": Self.password])
        try #require(answer.status == 201, "\(answer.text)")
        return Tokens(answer)
    }

    func logIn(_ email: String, _ password: String = password) async throws -> Answer {
        try await post("/api/v1/auth/login", ["email": email, "password": password])
    }

    func makeKey(_ access: String) async throws -> (id: String, key: String) {
        let answer = try await post("/api/v1/api-keys", ["name": "test"], as: access)
        try #require(answer.status == 201, "\(answer.text)")
        return (answer.string("id"), answer.string("key"))
    }

    /// Whether a credential lets one in.
    func isLetIn(_ credential: String) async throws -> Bool {
        try await get("/api/v1/users/me", as: credential).status == 200
    }

    struct Tokens: Sendable {
        let access: String
        let refresh: String
        let user: String

        init(_ answer: Answer) {
            access = answer.string("access_token")
            refresh = answer.string("refresh_token")
            user = (answer.object["user"] as? [String: Any])?["id"] as? String ?? ""
        }
    }
}

extension BackendFixture {
    /// As ``routed(addRoutes:_:)``, with a client of the API.
    func api(_ test: @escaping @Sendable (APIClient) async throws -> Void) async throws {
        try await routed { try await test(APIClient(client: $0)) }
    }
}
