import FoundationEssentials
import HTTPTypes
import NIOCore
import NIOHTTP1

/// The built-in model: it answers with what was said to it, in the formats of OpenAI's API, so that the service can be tried without
/// a key. Nothing leaves the process.
struct EchoModel: Sendable {
    static let name = "echo"

    func answer(to request: UpstreamRequest, deadline: NIODeadline) -> UpstreamResponse {
        switch (request.method, request.path) {
        case (.get, "/models"): return json(["object": "list", "data": [Self.model]], deadline)
        case (.get, "/models/\(Self.name)"): return json(Self.model, deadline)
        case (.get, _) where request.path.hasPrefix("/models/"): return noSuchModel(deadline)
        case (.post, "/chat/completions"), (.post, "/responses"):
            guard let prompt = EchoPrompt(body: request.body) else {
                return failure(.badRequest, code: "invalid_body", "The body is not a request for a chat.", deadline)
            }
            guard prompt.model == Self.name else { return noSuchModel(deadline) }
            return request.path == "/responses" ? response(to: prompt, deadline) : completion(of: prompt, deadline)
        default:
            return failure(
                .notFound, code: "not_supported", "The built-in model echo does not do that; set OPENAI_API_KEY.",
                deadline)
        }
    }

    private static let model: EchoDocument = [
        "id": .string(name), "object": "model", "created": 1_700_000_000, "owned_by": "chatgpt-backend",
    ]

    private func completion(of prompt: EchoPrompt, _ deadline: NIODeadline) -> UpstreamResponse {
        let completion = EchoCompletion(prompt: prompt)
        guard prompt.isStreamed else { return json(completion.whole, deadline) }
        return events(completion.frames, deadline)
    }

    private func response(to prompt: EchoPrompt, _ deadline: NIODeadline) -> UpstreamResponse {
        let response = EchoResponse(prompt: prompt)
        guard prompt.isStreamed else { return json(response.whole, deadline) }
        return events(response.frames, deadline)
    }

    private func noSuchModel(_ deadline: NIODeadline) -> UpstreamResponse {
        failure(
            .notFound, code: "model_not_found", "There is no such model; the built-in one is called echo.", deadline)
    }

    private func failure(
        _ status: HTTPResponse.Status, code: String, _ message: String, _ deadline: NIODeadline
    ) -> UpstreamResponse {
        json(
            [
                "error": [
                    "message": .string(message), "type": "invalid_request_error", "param": .null, "code": .string(code),
                ]
            ], status: status, deadline)
    }

    private func json(
        _ document: EchoDocument, status: HTTPResponse.Status = .ok, _ deadline: NIODeadline
    ) -> UpstreamResponse {
        let body = JSONBody.encode(document)
        return UpstreamResponse(
            status: status,
            headers: ["content-type": "application/json", "content-length": "\(body.readableBytes)"],
            body: UpstreamBody(
                source: .pieces(EchoPieces(pieces: [body], pace: .zero)), deadline: deadline, onFirstPiece: {}))
    }

    private func events(_ frames: [ByteBuffer], _ deadline: NIODeadline) -> UpstreamResponse {
        UpstreamResponse(
            status: .ok, headers: ["content-type": "text/event-stream; charset=utf-8"],
            // Fast for a model, slow enough to be seen.
            body: UpstreamBody(
                source: .pieces(EchoPieces(pieces: frames, pace: .milliseconds(20))), deadline: deadline,
                onFirstPiece: {}))
    }
}

/// An answer made beforehand, given out at a steady pace.
struct EchoPieces: Sendable {
    let pieces: [ByteBuffer]
    let pace: Duration
    private var index = 0

    init(pieces: [ByteBuffer], pace: Duration) {
        self.pieces = pieces
        self.pace = pace
    }

    mutating func next() async throws -> ByteBuffer? {
        guard index < pieces.count else { return nil }
        if index > 0, pace > .zero { try await Task.sleep(for: pace) }
        try Task.checkCancellation()
        defer { index += 1 }
        return pieces[index]
    }
}
