import FoundationEssentials
import NIOCore

/// The built-in model's answer in the format of `/chat/completions`.
struct EchoCompletion {
    private let prompt: EchoPrompt
    private let words: [String]
    private let id = "chatcmpl-" + UUID.version7().uuidString.lowercased()
    private let created = Int(Timestamp.now.seconds)

    init(prompt: EchoPrompt) {
        self.prompt = prompt
        words = EchoPrompt.words(in: prompt.text)
    }

    private var usage: EchoDocument {
        [
            "prompt_tokens": .integer(prompt.words), "completion_tokens": .integer(words.count),
            "total_tokens": .integer(prompt.words + words.count),
        ]
    }

    /// The answer in one piece.
    var whole: EchoDocument {
        [
            "id": .string(id), "object": "chat.completion", "created": .integer(created),
            "model": .string(EchoModel.name),
            "choices": [
                [
                    "index": 0, "finish_reason": "stop",
                    "message": ["role": "assistant", "content": .string(prompt.text)],
                ]
            ],
            "usage": usage,
        ]
    }

    /// The answer as the frames of a stream.
    var frames: [ByteBuffer] {
        var frames = [chunk(delta: ["role": "assistant", "content": ""])]
        frames += words.map { chunk(delta: ["content": .string($0)]) }
        frames.append(chunk(delta: [:], finishReason: "stop"))
        if prompt.includesUsage { frames.append(frame(chunk(choices: [], usage: usage))) }
        frames.append(ByteBuffer(string: "data: [DONE]\n\n"))
        return frames
    }

    private func chunk(delta: EchoDocument, finishReason: EchoDocument = .null) -> ByteBuffer {
        frame(
            chunk(
                choices: [["index": 0, "delta": delta, "finish_reason": finishReason]],
                usage: prompt.includesUsage ? .null : nil))
    }

    private func chunk(choices: EchoDocument, usage: EchoDocument?) -> EchoDocument {
        var members: [String: EchoDocument] = [
            "id": .string(id), "object": "chat.completion.chunk", "created": .integer(created),
            "model": .string(EchoModel.name), "choices": choices,
        ]
        if let usage { members["usage"] = usage }
        return .object(members)
    }

    private func frame(_ document: EchoDocument) -> ByteBuffer {
        var frame = ByteBuffer(string: "data: ")
        frame.writeImmutableBuffer(JSONBody.encode(document))
        frame.writeString("\n\n")
        return frame
    }
}
