import Foundation
import NIOHTTP1
import Subprocess
import SystemPackage
import Testing

@testable import Backend

@Suite("OpenAI's Python client", .timeLimit(.minutes(10)))
struct OpenAIClientTests {
    /// Made by `hack/test`, with `hack/python-packages`.
    private static let python = root.appending(path: ".build/python/tests/bin/python").path
    private static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized

    @Test(
        "The client works unchanged: models, chat, streams, tools, embeddings, responses, errors",
        .enabled(if: FileManager.default.isExecutableFile(atPath: python), "run hack/test once"))
    func client() async throws {
        try await ScriptedUpstream.run(Self.answer) { upstream in
            try await LiveBackend.run(upstream) { (backend) async throws in
                let result = try await PythonProgram("openai_client.py")
                    .run("http://127.0.0.1:\(backend.port)/v1", backend.key)
                #expect(result.status.isSuccess, "\(result.complaints)")
            }
        }
    }

    private static let answer: @Sendable (ScriptedRequest) -> ScriptedAnswer = { request in
        switch request.path {
        case "/v1/models":
            return .json(#"{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"o"}]}"#)
        case "/v1/embeddings":
            return .json(
                #"{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5,-1.0]}],"usage":{"prompt_tokens":1,"total_tokens":1}}"#
            )
        case "/v1/responses": return response(isStreamed: request.body.contains(#""stream":true"#))
        default: return chat(request)
        }
    }

    private static func chat(_ request: ScriptedRequest) -> ScriptedAnswer {
        func asks(_ model: String) -> Bool { request.body.contains("\"model\":\"\(model)\"") }
        if asks("tools") {
            return .json(
                #"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"weather","arguments":"{}"}}]}}]}"#
            )
        }
        if asks("bad") {
            return .json(
                #"{"error":{"message":"no","type":"invalid_request_error","code":"unknown_model","param":"model"}}"#,
                status: .badRequest)
        }
        if asks("busy") {
            return .json(
                #"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded","param":null}}"#,
                status: .tooManyRequests, headers: ["retry-after": "120"])
        }
        if asks("broken") { return .events([.send(ScriptedAnswer.chunk("a")), .cut]) }
        guard request.body.contains(#""stream":true"#) else { return .completion }
        return .words(["Hello", " there"], includesUsage: request.includesUsage)
    }

    private static func response(isStreamed: Bool) -> ScriptedAnswer {
        let whole =
            #"{"id":"r","object":"response","created_at":1,"model":"m","status":"completed","output":[{"id":"i","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hello","annotations":[]}]}],"parallel_tool_calls":false,"tool_choice":"auto","tools":[],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens":1,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":2}}"#
        guard isStreamed else { return .json(whole) }
        let delta =
            #"{"type":"response.output_text.delta","delta":"Hello","item_id":"i","output_index":0,"content_index":0,"sequence_number":0,"logprobs":[]}"#
        return .events([
            .send("event: response.output_text.delta\ndata: \(delta)\n\n"),
            .send(
                "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":1,\"response\":\(whole)}\n\n"
            ),
        ])
    }
}
