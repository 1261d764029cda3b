import FoundationEssentials
import HTTPTypes
import NIOCore

/// Asks the upstream's `/chat/completions` for a stream.
struct UpstreamCompletionModel: CompletionModel {
    let client: UpstreamClient

    /// An answer that is an error is read up to here.
    private static let errorLimit = 64 * 1024

    private struct Body: Encodable {
        let model: String
        let messages: [CompletionRequest.Turn]
        let stream = true
        let maximumTokens: Int?

        enum CodingKeys: String, CodingKey {
            case model, messages, stream
            case maximumTokens = "max_tokens"
            case streamOptions = "stream_options"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(model, forKey: .model)
            try container.encode(messages, forKey: .messages)
            try container.encode(stream, forKey: .stream)
            try container.encodeIfPresent(maximumTokens, forKey: .maximumTokens)
            try container.encode(["include_usage": true], forKey: .streamOptions)
        }
    }

    func complete(_ request: CompletionRequest, onText: @Sendable (String) -> Void) async throws -> CompletionEnd {
        let body = JSONBody.encode(
            Body(model: request.model, messages: request.turns, maximumTokens: request.maximumTokens))
        do {
            let response = try await client.send(UpstreamRequest(path: "/chat/completions", body: body))
            guard response.status == .ok else { throw try await Self.failure(response) }
            guard response.isEventStream else {
                throw CompletionFailure(code: "upstream_invalid_answer", detail: "the answer is no stream of events")
            }
            return try await Self.read(response.body, onText)
        } catch let error as UpstreamError {
            throw CompletionFailure(code: error.code.description, detail: String(reflecting: error))
        }
    }

    private static func read(_ body: UpstreamBody, _ onText: @Sendable (String) -> Void) async throws -> CompletionEnd {
        var parser = EventFrameParser()
        var end = CompletionEnd()
        var isDone = false
        var pieces = body.makeAsyncIterator()
        while !isDone, let piece = try await pieces.next() {
            parser.append(piece)
            var text = ""
            while let frame = try nextFrame(&parser) {
                if frame.isDone {
                    isDone = true
                    break
                }
                guard let data = frame.data, let chunk = ChatCompletionChunk(data: data) else { continue }
                if let message = chunk.errorMessage {
                    onText(text)
                    throw CompletionFailure(code: "upstream_error", detail: message)
                }
                text += chunk.content ?? ""
                if let reason = chunk.finishReason { end.finishReason = Self.checked(reason) ?? "stop" }
                if let usage = chunk.usage {
                    end.usage = .init(promptTokens: usage.promptTokens, completionTokens: usage.completionTokens)
                }
            }
            // What came in one piece goes on in one.
            onText(text)
        }
        // Some servers close without [DONE]; one that has not even said why it ended broke off.
        guard isDone || end.finishReason != nil else {
            throw CompletionFailure(code: "upstream_connection_lost", detail: "the stream ended in its middle")
        }
        return end
    }

    private static func nextFrame(_ parser: inout EventFrameParser) throws -> EventFrame? {
        do {
            return try parser.next()
        } catch {
            throw CompletionFailure(code: "upstream_answer_too_large", detail: "a frame exceeds \(error.limit) bytes")
        }
    }

    private static func failure(_ response: UpstreamResponse) async throws -> CompletionFailure {
        struct Document: Decodable {
            struct Fields: Decodable {
                var code: String?
                var type: String?
                var message: String?
            }

            var error: Fields
        }
        let body = try? await response.body.collect(upTo: errorLimit)
        let error = body.flatMap { try? JSONDecoder().decode(Document.self, from: Data($0.readableBytesView)).error }
        let code =
            switch response.status.code {
            case 401, 403: "upstream_unauthorized"
            case 429: error?.code == "insufficient_quota" ? "insufficient_quota" : "rate_limit_exceeded"
            default: error?.code.flatMap(Self.checked) ?? "upstream_error"
            }
        return CompletionFailure(
            code: code, detail: "status \(response.status.code): \(error?.code ?? error?.type ?? "no reason given")")
    }

    /// A code or reason from outside, if it looks like one: it is stored and told.
    private static func checked(_ code: String) -> String? {
        let isSane =
            (1...64).contains(code.utf8.count)
            && code.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_")
            }
        return isSane ? code : nil
    }
}
