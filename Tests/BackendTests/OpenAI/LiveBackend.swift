import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Observability
import ServiceLifecycle

@testable import Backend

/// A backend that listens, with an account that has an API key.
struct LiveBackend: Sendable {
    let port: Int
    let registry: PrometheusRegistry
    /// An API key, which requests carry unless they say otherwise.
    let key: String
    let accessToken: String

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let text: String

        var object: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
        }
        var error: [String: Any] { object["error"] as? [String: Any] ?? [:] }
    }

    /// Runs a backend in front of `upstream`, or of the echo model, for the time of `test`.
    static func run<Value: Sendable>(
        _ upstream: ScriptedUpstream?, _ variables: [String: String] = [:],
        _ test: @Sendable (LiveBackend) async throws -> Value
    ) async throws -> Value {
        var settings = variables
        if let upstream {
            settings["OPENAI_BASE_URL"] = upstream.url
            settings["OPENAI_API_KEY"] = "sk-upstream"
        }
        let fixture = try BackendFixture(settings)
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        var server = fixture.server
        server.onReady = { address in announce.yield(address?.port ?? 0) }
        let group = server.makeServiceGroup()
        let run: @Sendable () async throws -> Void = {
            // A service that cannot start would be waited for otherwise.
            defer { announce.finish() }
            try await group.run()
        }
        async let running: Void = run()
        let result: Result<Value, any Error>
        do {
            guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
            result = .success(try await test(try await LiveBackend(port: port, registry: fixture.registry)))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await running
        return try result.get()
    }

    private init(port: Int, registry: PrometheusRegistry) async throws {
        struct Refused: Error { let answer: Answer }
        let account = #"{"email":"ada@example.com","password":"correct horse battery staple"}"#
        // The schema may not be there yet.
        var session = try await Self.send(.POST, "/api/v1/auth/register", account, port: port)
        _ = try await eventually {
            if session.status >= 500 {
                session = try await Self.send(.POST, "/api/v1/auth/register", account, port: port)
            }
            return session.status < 500
        }
        guard let token = session.object["access_token"] as? String else { throw Refused(answer: session) }
        let made = try await Self.send(.POST, "/api/v1/api-keys", #"{"name":"test"}"#, port: port, credential: token)
        guard let key = made.object["key"] as? String else { throw Refused(answer: made) }
        self.port = port
        self.registry = registry
        self.key = key
        accessToken = token
    }

    func post(_ path: String, _ body: String, as credential: String? = nil) async throws -> Answer {
        try await Self.send(.POST, path, body, port: port, credential: credential ?? key)
    }

    func get(_ path: String, as credential: String? = nil) async throws -> Answer {
        try await Self.send(.GET, path, nil, port: port, credential: credential ?? key)
    }

    /// A connection of its own on which `body` was posted.
    func connection(posting body: String) async throws -> RawConnection {
        let connection = try RawConnection(port: port)
        try await connection.send(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return connection
    }

    /// The caller's sums of the last day.
    func usage() async throws -> [String: Any] {
        let rows = try await get("/api/v1/usage").object["data"] as? [[String: Any]]
        return rows?.first ?? [:]
    }

    static func send(
        _ method: HTTPMethod, _ path: String, _ body: String?, port: Int, credential: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        if let credential { request.headers.add(name: "authorization", value: "Bearer \(credential)") }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let text = String(buffer: try await answer.body.collect(upTo: 1 << 26))
        return Answer(status: Int(answer.status.code), headers: answer.headers, text: text)
    }
}
