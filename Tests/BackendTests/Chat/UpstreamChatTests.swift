import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

@Suite("Chat with an upstream", .timeLimit(.minutes(10)))
struct UpstreamChatTests {
    private func run(
        _ maker: DatabaseMaker, grace: Duration = .seconds(10),
        _ script: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer,
        _ test: @escaping @Sendable (ReplicaClient, ScriptedUpstream) async throws -> Void
    ) async throws {
        let titled: @Sendable (ScriptedRequest) -> ScriptedAnswer = {
            $0.body.contains("a title of at most") ? .words(["Title"], includesUsage: false) : script($0)
        }
        try await maker.with { database in
            let user = try await Store(database: database).insertTestUser()
            try await ScriptedUpstream.run(titled) { upstream in
                try await UpstreamFixture.run([upstream], ["UPSTREAM_MAX_ATTEMPTS": "1"]) { client, _ in
                    let fixture = ReplicaFixture(
                        database: database, model: UpstreamCompletionModel(client: client),
                        policy: GenerationPolicy(resumeGrace: grace))
                    try await fixture.run { replicas in
                        try await test(ReplicaClient(port: replicas[0].port, user: user), upstream)
                    }
                }
            }
        }
    }

    @Test("Its words and its count of tokens are the answer's", arguments: DatabaseMaker.all)
    func words(maker: DatabaseMaker) async throws {
        try await run(maker) {
            .words(["He", "llo"], includesUsage: $0.includesUsage)
        } _: { client, upstream in
            let id = try await client.conversation()
            let answer = try await client.post("/\(id)/messages", #"{"content":"q","model":"m"}"#)
            #expect(answer.message["content"] as? String == "Hello")
            let usage = try #require(answer.message["usage"] as? [String: Any])
            #expect(usage["prompt_tokens"] as? Int == 7)
            #expect(usage["source"] as? String == "reported")
            let body = try #require(upstream.requests.first?.body)
            #expect(body.contains(#""model":"m""#) && body.contains(#""stream":true"#))
        }
    }

    @Test("What an upstream says beyond all reason is stored all the same", arguments: DatabaseMaker.all)
    func unreasonable(maker: DatabaseMaker) async throws {
        let huge = Int.max
        let frame = """
            data: {"choices":[{"delta":{"content":"a\\u0000b"},"finish_reason":"st\\u0000op"}],\
            "usage":{"prompt_tokens":\(huge),"completion_tokens":\(huge)}}

            data: [DONE]


            """
        try await run(maker) { _ in
            .events([.send(frame)])
        } _: { client, _ in
            let id = try await client.conversation()
            let answer = try await client.post("/\(id)/messages", #"{"content":"q"}"#)
            #expect(answer.message["status"] as? String == "completed")
            #expect(answer.message["finish_reason"] as? String == "stop")
            #expect(answer.message["content"] as? String == "a\u{FFFD}b")
        }
    }

    @Test("A stream that breaks is a failed answer with what came of it", arguments: DatabaseMaker.all)
    func broken(maker: DatabaseMaker) async throws {
        try await run(maker) { _ in
            .events([.send(ScriptedAnswer.chunk("half")), .cut])
        } _: { client, upstream in
            let id = try await client.conversation()
            let answer = try await client.post("/\(id)/messages", #"{"content":"q"}"#)
            #expect(answer.message["status"] as? String == "failed")
            #expect(answer.message["content"] as? String == "half")
        }
    }

    @Test("A refusal's code is told, its words are not", arguments: DatabaseMaker.all)
    func refused(maker: DatabaseMaker) async throws {
        try await run(maker) { _ in
            .json(#"{"error":{"message":"org-secret","code":"context_length_exceeded"}}"#, status: .badRequest)
        } _: { client, _ in
            let id = try await client.conversation()
            let answer = try await client.post("/\(id)/messages", #"{"content":"q"}"#)
            let error = try #require(answer.message["error"] as? [String: Any])
            #expect(error["code"] as? String == "context_length_exceeded")
            #expect(!String(buffer: answer.body).contains("org-secret"))
        }
    }

    @Test(
        "A client that goes before the first token closes the connection to the upstream", arguments: DatabaseMaker.all)
    func disconnect(maker: DatabaseMaker) async throws {
        try await run(maker, grace: .zero) { _ in
            .silence
        } _: { client, upstream in
            for body in [#"{"content":"q","stream":true}"#, #"{"content":"q"}"#] {
                let before = upstream.requests.count
                let id = try await client.conversation()
                let connection = try RawConnection(port: client.port)
                try await connection.send(
                    "POST /api/v1/conversations/\(id)/messages HTTP/1.1\r\nHost: x\r\nAuthorization: "
                        + "\(client.authorization)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(await eventually { upstream.requests.count == before + 1 })
                connection.end()
                #expect(await eventually { upstream.abandonedCount == before + 1 })
            }
        }
    }
}
