import FoundationEssentials
import NIOCore

/// What the built-in model reads of a request: the last thing that the user said, and how much there is before it.
struct EchoPrompt: Sendable {
    let model: String
    let text: String
    /// Words in all that was said; the model's tokens are words.
    let words: Int
    let isStreamed: Bool
    let includesUsage: Bool

    /// - Returns: Nil when the body is not a request for a chat.
    init?(body: ByteBuffer?) {
        // A body of another shape is refused, whatever is wrong with it.
        guard let body, let request = try? JSONDecoder().decode(Request.self, from: Data(body.readableBytesView)),
            let texts = request.messages?.map(\.text) ?? request.input?.texts
        else { return nil }
        model = request.model
        text = texts.last ?? ""
        words = texts.reduce(0) { $0 + Self.words(in: $1).count }
        isStreamed = request.stream ?? false
        includesUsage = request.streamOptions?.includeUsage ?? false
    }

    /// The pieces that the answer is streamed in: words, each with the space before it.
    static func words(in text: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in text {
            if character.isWhitespace, word.contains(where: { !$0.isWhitespace }) {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    private struct Request: Decodable {
        let model: String
        let messages: [Message]?
        let input: Input?
        let stream: Bool?
        let streamOptions: StreamOptions?

        enum CodingKeys: String, CodingKey {
            case model, messages, input, stream
            case streamOptions = "stream_options"
        }
    }

    private struct StreamOptions: Decodable {
        let includeUsage: Bool?
        enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
    }

    private enum Input: Decodable {
        case text(String)
        case messages([Message])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .messages(try container.decode([Message].self))
            }
        }

        var texts: [String] {
            switch self {
            case .text(let text): [text]
            case .messages(let messages): messages.map(\.text)
            }
        }
    }

    private struct Message: Decodable {
        let text: String

        enum CodingKeys: CodingKey { case content }
        private struct Part: Decodable { let text: String? }

        /// Content is a text, or parts of which some are texts.
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            if let text = try? container.decode(String.self, forKey: .content) {
                self.text = text
            } else {
                let parts = try container.decodeIfPresent([Part].self, forKey: .content) ?? []
                text = parts.compactMap(\.text).joined(separator: "\n")
            }
        }
    }
}
