import FoundationEssentials

/// What a client says over a WebSocket: one JSON object a message, told apart by `type`.
struct ClientCommand: Decodable, Sendable {
    enum Kind: Sendable {
        case authenticate(token: String)
        /// Begins an answer.
        case begin(ChatDraft, model: ModelName?, idempotencyKey: String?, conversation: UUID)
        case stop(conversation: UUID, message: UUID)
        /// Goes on reading an answer.
        case resume(conversation: UUID, message: UUID, after: Int)
        case ping
    }

    /// The client's own name for it, which comes back with the answer.
    let requestID: String?
    let kind: Kind

    enum CodingKeys: String, CodingKey {
        case type, token, content, model, after
        case requestID = "request_id"
        case conversationID = "conversation_id"
        case messageID = "message_id"
        case parentID = "parent_id"
        case idempotencyKey = "idempotency_key"
    }

    private enum TypeName: String, Decodable, CaseIterable {
        case auth, ping
        case create = "message.create"
        case edit = "message.edit"
        case regenerate = "message.regenerate"
        case stop = "message.stop"
        case resume = "message.resume"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        requestID = try container.decodeIfPresent(RequestName.self, forKey: .requestID)?.text
        func conversation() throws -> UUID { try container.decode(UUID.self, forKey: .conversationID) }
        func message() throws -> UUID { try container.decode(UUID.self, forKey: .messageID) }
        func begin(_ draft: ChatDraft) throws -> Kind {
            .begin(
                draft, model: try container.decodeIfPresent(ModelName.self, forKey: .model),
                idempotencyKey: try container.decodeIfPresent(RequestName.self, forKey: .idempotencyKey)?.text,
                conversation: try conversation())
        }
        switch try container.decode(TypeName.self, forKey: .type) {
        case .auth: kind = .authenticate(token: try container.decode(String.self, forKey: .token))
        case .ping: kind = .ping
        case .create:
            var place = ChatDraft.Place.end
            if container.contains(.parentID) {
                place = try container.decodeIfPresent(UUID.self, forKey: .parentID).map(ChatDraft.Place.after) ?? .start
            }
            kind = try begin(.send(try container.decode(MessageText.self, forKey: .content), place))
        case .edit:
            kind = try begin(.edit(try message(), try container.decode(MessageText.self, forKey: .content)))
        case .regenerate: kind = try begin(.regenerate(try message()))
        case .stop: kind = .stop(conversation: try conversation(), message: try message())
        case .resume:
            let after = try container.decodeIfPresent(Int.self, forKey: .after) ?? 0
            guard after >= 0 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .after, in: container, debugDescription: "must not be negative")
            }
            kind = .resume(conversation: try conversation(), message: try message(), after: after)
        }
    }

    /// A name or key that a client makes up.
    private struct RequestName: BoundedText {
        static let maximumBytes = 200
        static let mayBeBlank = false
        let text: String

        init(checked text: String) { self.text = text }
    }
}
