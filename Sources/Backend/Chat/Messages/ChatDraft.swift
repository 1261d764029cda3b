import FoundationEssentials

/// What a client wants answered.
enum ChatDraft: Sendable {
    /// Where a new message goes.
    enum Place: Sendable, Hashable {
        /// After the shown branch.
        case end
        /// After this answer.
        case after(UUID)
        /// At the beginning, as another first message.
        case start
    }

    case send(MessageText, Place)
    /// A message of the user's in another version, beside it.
    case edit(UUID, MessageText)
    /// Another answer beside this one, or an answer to this message of the user's.
    case regenerate(UUID)
}

/// The body of `POST …/messages`.
struct SendMessageRequest: Decodable, Sendable {
    var content: MessageText
    var place: ChatDraft.Place
    var model: ModelName?
    var isStreamed: Bool?

    enum CodingKeys: String, CodingKey {
        case content, model, stream
        case parentID = "parent_id"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        content = try container.decode(MessageText.self, forKey: .content)
        model = try container.decodeIfPresent(ModelName.self, forKey: .model)
        isStreamed = try container.decodeIfPresent(Bool.self, forKey: .stream)
        if container.contains(.parentID) {
            place = try container.decodeIfPresent(UUID.self, forKey: .parentID).map(ChatDraft.Place.after) ?? .start
        } else {
            place = .end
        }
    }
}

/// The body of `POST …/messages/{id}/edit`.
struct EditMessageRequest: Decodable, Sendable {
    var content: MessageText
    var model: ModelName?
    var stream: Bool?
}

/// The body of `POST …/messages/{id}/regenerate`; it may be left out.
struct RegenerateRequest: Decodable, Sendable {
    var model: ModelName?
    var stream: Bool?
}
