import FoundationEssentials

/// The body of `POST /api/v1/conversations`.
struct CreateConversationRequest: Decodable, Sendable {
    var title: ConversationTitle?
    var model: ModelName?
    var systemPrompt: SystemPrompt?

    enum CodingKeys: String, CodingKey {
        case title, model
        case systemPrompt = "system_prompt"
    }
}

/// The body of `PATCH /api/v1/conversations/{id}`: what is absent stays, and null clears.
struct UpdateConversationRequest: Decodable, Sendable {
    /// What happens to a member.
    enum Change<Value: Sendable>: Sendable {
        case keep
        case set(Value?)
    }

    var title: ConversationTitle?
    var model: Change<ModelName>
    var systemPrompt: Change<SystemPrompt>

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CreateConversationRequest.CodingKeys.self)
        // A title cannot be cleared: there is none that would take its place.
        title = container.contains(.title) ? try container.decode(ConversationTitle.self, forKey: .title) : nil
        model =
            container.contains(.model) ? .set(try container.decodeIfPresent(ModelName.self, forKey: .model)) : .keep
        systemPrompt =
            container.contains(.systemPrompt)
            ? .set(try container.decodeIfPresent(SystemPrompt.self, forKey: .systemPrompt)) : .keep
    }

    func apply(to conversation: inout Conversation) {
        if let title {
            conversation.title = title.text
            conversation.titleSource = .user
        }
        if case .set(let model) = model { conversation.model = model?.text }
        if case .set(let systemPrompt) = systemPrompt { conversation.systemPrompt = systemPrompt?.text }
    }
}

/// The body of `POST …/messages/{id}/fork`; it may be left out.
struct ForkRequest: Decodable, Sendable {
    var title: ConversationTitle?
}
