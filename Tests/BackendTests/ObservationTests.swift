import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

@Suite("Metrics and logs", .timeLimit(.minutes(10)))
struct ObservationTests {
    @Test(
        "Answers are measured, by the OpenAI-compatible API and in conversations: streams, first tokens, overhead, tokens"
    )
    func answers() async throws {
        let answer: @Sendable (ScriptedRequest) -> ScriptedAnswer = { request in
            if request.body.contains("for ever") { return .events([.send(ScriptedAnswer.chunk("a")), .stall]) }
            if request.body.contains("a title of at most") { return .words(["Title"], includesUsage: false) }
            return .words(["He", "llo"], includesUsage: request.includesUsage)
        }
        try await ScriptedUpstream.run(answer) { upstream in
            try await LiveBackend.run(upstream) { (backend) async throws in
                func figure(_ name: String) async throws -> Double {
                    let text = try await backend.get("/metrics").text
                    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
                    return try #require(line.flatMap { Double($0.dropFirst(name.count + 1)) }, "\(name)")
                }
                let made = try await backend.post("/api/v1/conversations", "{}")
                let place = "/api/v1/conversations/\(try #require(made.object["id"] as? String))/messages"
                func requests(_ question: String) -> [(String, String)] {
                    [
                        (
                            "/v1/chat/completions",
                            #"{"model":"m","stream":true,"messages":[{"role":"user","content":"\#(question)"}]}"#
                        ),
                        (place, #"{"content":"\#(question)","stream":true}"#),
                    ]
                }
                for (index, (path, body)) in requests("hello").enumerated() {
                    #expect(try await backend.post(path, body).status == 200)
                    let count = Double(index + 1)
                    #expect(
                        await eventually {
                            (try? await figure("chat_tokens_total{kind=\"completion\"}")) == count * 3
                        }, "\(path)")
                    #expect(try await figure("chat_tokens_total{kind=\"prompt\"}") == count * 7)
                    #expect(try await figure("chat_time_to_first_token_seconds_count") == count)
                    #expect(try await figure("chat_added_overhead_seconds_count") == count)
                    #expect(await eventually { (try? await figure("chat_streams_open")) == 0 })
                }
                for (path, body) in requests("for ever") {
                    let connection = try RawConnection(port: backend.port)
                    try await connection.send(
                        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(backend.key)\r\n"
                            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                    _ = try await connection.receive { $0.contains("\"a\"") }
                    #expect(try await figure("chat_streams_open") == 1, "\(path)")
                    // The scrape itself, and the stream.
                    #expect(try await figure("http_requests_in_flight") >= 2)
                    connection.end()
                    #expect(await eventually { (try? await figure("chat_streams_open")) == 0 }, "\(path)")
                }
                let text = try await backend.get("/metrics").text
                for name in [
                    "http_requests_total{method=\"POST\",route=\"/v1/chat/completions\",status=\"200\"} ",
                    "http_request_duration_seconds_bucket{", "upstream_first_byte_seconds_count ",
                    "upstream_requests_total{code=\"200\"} ", "database_connections_open ",
                    "database_connections_in_use ", "database_connection_waiters ", "cache_",
                    "usage_records_pending ",
                ] {
                    #expect(text.contains("\n\(name)"), "\(name)")
                }
            }
        }
    }

    @Test("The log is JSON with the requests' ids, and holds no prompt, answer, token, key or password at any level")
    func secrets() async throws {
        let answer: @Sendable (ScriptedRequest) -> ScriptedAnswer = { request in
            if request.body.contains("fail") {
                return .json(#"{"error":{"message":"marker-refusal","code":"no"}}"#, status: .badRequest)
            }
            return .words(["marker-", "answer"], includesUsage: true)
        }
        try await ScriptedUpstream.run(answer) { upstream in
            let backend = try BackendProcess(
                ["serve", "--dev", "--port", "0", "--log-format", "json", "--log-level", "trace"],
                [
                    "OPENAI_BASE_URL": upstream.url, "OPENAI_API_KEY": "sk-marker-upstream",
                    "SECRET_KEY": "marker-secret-0123456789abcdef0123456789abcdef",
                ])
            let port = try await backend.port()
            #expect(await RawConnection.isReady(port: port))
            func send(_ method: HTTPMethod, _ path: String, _ body: String?, _ credential: String? = nil) async throws
                -> LiveBackend.Answer
            { try await LiveBackend.send(method, path, body, port: port, credential: credential) }

            let account = #"{"email":"ada@example.com","password":"marker-password"}"#
            let session = try await send(.POST, "/api/v1/auth/register", account)
            let access = try #require(session.object["access_token"] as? String)
            let refresh = try #require(session.object["refresh_token"] as? String)
            #expect(try await send(.POST, "/api/v1/auth/login", account).status == 200)
            let wrong = account.replacing("marker-password", with: "marker-guess")
            #expect(try await send(.POST, "/api/v1/auth/login", wrong).status == 401)
            let made = try await send(.POST, "/api/v1/api-keys", #"{"name":"key"}"#, access)
            let key = try #require(made.object["key"] as? String)
            let conversation = try await send(
                .POST, "/api/v1/conversations", #"{"title":"marker-title","system_prompt":"marker-system"}"#, access)
            let id = try #require(conversation.object["id"] as? String)
            let place = "/api/v1/conversations/\(id)/messages"
            for content in ["marker-prompt", "marker-prompt fail"] {
                for stream in [true, false] {
                    _ = try await send(.POST, place, #"{"content":"\#(content)","stream":\#(stream)}"#, access)
                    let chat =
                        #"{"model":"m","stream":\#(stream),"messages":[{"role":"user","content":"\#(content)"}]}"#
                    _ = try await send(.POST, "/v1/chat/completions", chat, key)
                }
            }
            for body in [#"{"content":"marker-broken"#, #"{"content":{"marker-type":1}}"#, #"{"marker-member":1}"#] {
                #expect(try await send(.POST, place, body, access).status >= 400)
            }
            #expect(try await send(.GET, "/api/v1/conversations?query=marker-query", nil, access).status == 200)
            #expect(try await send(.GET, "/api/v1/users/me", nil, "marker-credential").status == 401)
            #expect(
                try await send(
                    .POST, "/api/v1/auth/reset-password", #"{"token":"marker-t","new_password":"marker-new"}"#
                )
                .status == 400)
            // The server refuses what has "fail" in its history.
            let fresh = try await send(.POST, "/api/v1/conversations", "{}", access).object["id"] as? String
            let socket = try await WebSocketTestClient(
                port: port, headers: ["Sec-WebSocket-Protocol: chat, bearer.\(access)"])
            try await socket.send(
                #"{"type":"message.create","conversation_id":"\#(fresh ?? "")","content":"marker-ws"}"#)
            while let message = try await socket.message(), message.type != "message.completed" {
                try #require(message.type != "error" && message.type != "message.failed", "\(message.json)")
            }
            #expect(try await send(.POST, "/api/v1/auth/refresh", #"{"refresh_token":"\#(refresh)"}"#).status == 200)
            backend.signal(SIGTERM)
            #expect(try await backend.status() == 0)

            let log = backend.complaints
            for secret in ["marker", access, refresh, key, "sk-cb-"] {
                let lines = log.split(separator: "\n").filter { $0.contains(secret) }
                #expect(lines.isEmpty, "\(secret.prefix(8)): \(lines.first ?? "")")
            }
            var requests = 0
            for line in log.split(separator: "\n") {
                let fields = try #require(
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
                guard fields["message"] as? String == "request" else { continue }
                #expect((fields["request_id"] as? String)?.isEmpty == false)
                requests += 1
            }
            #expect(requests > 10)
        }
    }
}
