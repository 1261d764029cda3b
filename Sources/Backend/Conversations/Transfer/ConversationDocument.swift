import FoundationEssentials

/// The document that an export gives and an import takes.
///
/// `{"format": "chatgpt-backend.conversations", "version": 1, "exported_at": …, "conversations": […]}`
struct ConversationDocument: Decodable, Sendable {
    static let formatName = "chatgpt-backend.conversations"
    static let currentVersion = 1

    var conversations: [ExportedConversation]

    enum CodingKeys: String, CodingKey {
        case format, version, conversations
        case exportedAt = "exported_at"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard try container.decode(String.self, forKey: .format) == Self.formatName else {
            throw DecodingError.dataCorruptedError(
                forKey: .format, in: container, debugDescription: "must be \(Self.formatName)")
        }
        guard try container.decode(Int.self, forKey: .version) == Self.currentVersion else {
            throw DecodingError.dataCorruptedError(
                forKey: .version, in: container, debugDescription: "must be \(Self.currentVersion)")
        }
        _ = try container.decodeIfPresent(Timestamp.self, forKey: .exportedAt)
        conversations = try container.decode([ExportedConversation].self, forKey: .conversations)
    }
}

/// A conversation in a document, with its messages; a message comes after the one that it follows.
struct ExportedConversation: Codable, Sendable {
    var id: ExportedID
    var title: String
    var titleSource: Conversation.TitleSource
    var model: String?
    var systemPrompt: String?
    var headMessageID: ExportedID?
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var messages: [ExportedMessage]

    enum CodingKeys: String, CodingKey {
        case id, title, model, messages
        case titleSource = "title_source"
        case systemPrompt = "system_prompt"
        case headMessageID = "head_message_id"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    init(_ conversation: Conversation) {
        id = ExportedID(conversation.id)
        title = conversation.title
        titleSource = conversation.titleSource
        model = conversation.model
        systemPrompt = conversation.systemPrompt
        headMessageID = conversation.headMessageID.map(ExportedID.init)
        createdAt = conversation.createdAt
        updatedAt = conversation.updatedAt
        messages = []
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(ExportedID.self, forKey: .id)
        title = try container.decode(ConversationTitle.self, forKey: .title).text
        titleSource = try container.decode(Conversation.TitleSource.self, forKey: .titleSource)
        model = try container.decodeIfPresent(ModelName.self, forKey: .model)?.text
        systemPrompt = try container.decodeIfPresent(SystemPrompt.self, forKey: .systemPrompt)?.text
        headMessageID = try container.decodeIfPresent(ExportedID.self, forKey: .headMessageID)
        createdAt = try container.decode(Timestamp.self, forKey: .createdAt)
        updatedAt = try container.decode(Timestamp.self, forKey: .updatedAt)
        messages = try container.decode([ExportedMessage].self, forKey: .messages)
    }
}

/// A message in a document.
struct ExportedMessage: Codable, Sendable {
    var id: ExportedID
    var parentID: ExportedID?
    var role: Message.Role
    var content: String
    var status: Message.Status
    var finishReason: String?
    var errorCode: String?
    var model: String?
    var createdAt: Timestamp
    var completedAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case id, role, content, status, model
        case parentID = "parent_id"
        case finishReason = "finish_reason"
        case errorCode = "error_code"
        case createdAt = "created_at"
        case completedAt = "completed_at"
    }

    /// An answer in progress is exported as what it is so far.
    init(_ message: Message) {
        id = ExportedID(message.id)
        parentID = message.parentID.map(ExportedID.init)
        role = message.role
        content = message.content
        status = message.status == .inProgress ? .incomplete : message.status
        finishReason = message.finishReason
        errorCode = message.errorCode
        model = message.model
        createdAt = message.createdAt
        completedAt = message.completedAt
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(ExportedID.self, forKey: .id)
        parentID = try container.decodeIfPresent(ExportedID.self, forKey: .parentID)
        role = try container.decode(Message.Role.self, forKey: .role)
        content = try container.decode(ImportedText.self, forKey: .content).text
        status = try container.decode(Message.Status.self, forKey: .status)
        guard status != .inProgress else {
            throw DecodingError.dataCorruptedError(
                forKey: .status, in: container, debugDescription: "must be completed, incomplete or failed")
        }
        finishReason = try container.decodeIfPresent(ShortText.self, forKey: .finishReason)?.text
        errorCode = try container.decodeIfPresent(ShortText.self, forKey: .errorCode)?.text
        model = try container.decodeIfPresent(ModelName.self, forKey: .model)?.text
        createdAt = try container.decode(Timestamp.self, forKey: .createdAt)
        completedAt = try container.decodeIfPresent(Timestamp.self, forKey: .completedAt)
    }

    /// A code.
    private struct ShortText: BoundedText {
        static let maximumBytes = 100
        static let mayBeBlank = false
        let text: String

        init(checked text: String) { self.text = text }
    }
}

/// An identifier within a document. An import makes new ones; these only say what belongs together.
struct ExportedID: Codable, Sendable, Hashable {
    let uuid: UUID

    init(_ uuid: UUID) { self.uuid = uuid }

    init(from decoder: any Decoder) throws {
        guard let uuid = UUID(uuidString: try decoder.singleValueContainer().decode(String.self)) else {
            throw InvalidValue("must be a UUID")
        }
        self.uuid = uuid
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(uuid.text)
    }
}
