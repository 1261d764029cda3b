import FoundationEssentials
import NIOCore

/// The built-in model's answer in the format of `/responses`.
struct EchoResponse {
    private let prompt: EchoPrompt
    private let words: [String]
    private let id = "resp_" + UUID.version7().uuidString.lowercased()
    private let itemID = "msg_" + UUID.version7().uuidString.lowercased()
    private let created = Int(Timestamp.now.seconds)

    init(prompt: EchoPrompt) {
        self.prompt = prompt
        words = EchoPrompt.words(in: prompt.text)
    }

    /// The answer in one piece.
    var whole: EchoDocument { response(isComplete: true) }

    /// The answer as the frames of a stream.
    var frames: [ByteBuffer] {
        var events: [(String, [String: EchoDocument])] = [
            ("response.created", ["response": response(isComplete: false)]),
            ("response.in_progress", ["response": response(isComplete: false)]),
            ("response.output_item.added", ["output_index": 0, "item": item(isComplete: false)]),
            ("response.content_part.added", located(["part": part("")])),
        ]
        for word in words {
            events.append(("response.output_text.delta", located(["delta": .string(word), "logprobs": []])))
        }
        events += [
            ("response.output_text.done", located(["text": .string(prompt.text), "logprobs": []])),
            ("response.content_part.done", located(["part": part(prompt.text)])),
            ("response.output_item.done", ["output_index": 0, "item": item(isComplete: true)]),
            ("response.completed", ["response": response(isComplete: true)]),
        ]
        return events.enumerated().map { number, event in
            var members = event.1
            members["type"] = .string(event.0)
            members["sequence_number"] = .integer(number)
            var frame = ByteBuffer(string: "event: \(event.0)\ndata: ")
            frame.writeImmutableBuffer(JSONBody.encode(EchoDocument.object(members)))
            frame.writeString("\n\n")
            return frame
        }
    }

    private func located(_ members: [String: EchoDocument]) -> [String: EchoDocument] {
        members.merging(["item_id": .string(itemID), "output_index": 0, "content_index": 0]) { given, _ in given }
    }

    private func part(_ text: String) -> EchoDocument {
        ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
    }

    private func item(isComplete: Bool) -> EchoDocument {
        [
            "id": .string(itemID), "type": "message", "role": "assistant",
            "status": isComplete ? "completed" : "in_progress",
            "content": isComplete ? [part(prompt.text)] : [],
        ]
    }

    private func response(isComplete: Bool) -> EchoDocument {
        let usage: EchoDocument = [
            "input_tokens": .integer(prompt.words), "input_tokens_details": ["cached_tokens": 0],
            "output_tokens": .integer(words.count), "output_tokens_details": ["reasoning_tokens": 0],
            "total_tokens": .integer(prompt.words + words.count),
        ]
        return [
            "id": .string(id), "object": "response", "created_at": .integer(created), "model": .string(EchoModel.name),
            "status": isComplete ? "completed" : "in_progress", "output": isComplete ? [item(isComplete: true)] : [],
            "error": .null, "incomplete_details": .null, "instructions": .null, "metadata": [:],
            "parallel_tool_calls": false, "tool_choice": "auto", "tools": [], "temperature": .null, "top_p": .null,
            "usage": isComplete ? usage : .null,
        ]
    }
}
