import FoundationEssentials

/// What a document becomes here: the same conversations under new identifiers. A pure value; nothing of it is written before all of
/// it is known to be right.
struct ConversationImport: Sendable {
    private(set) var conversations: [Row] = []
    private(set) var messages: [MessageRow] = []
    private(set) var mapping: [(original: UUID, copy: UUID)] = []

    /// - Throws: ``APIError`` that names what is wrong and where.
    init(_ document: ConversationDocument, now: Timestamp) throws(APIError) {
        var known: Set<UUID> = []
        for (index, conversation) in document.conversations.enumerated() {
            let path = "conversations[\(index)]"
            guard known.insert(conversation.id.uuid).inserted else {
                throw .invalidField("\(path).id", "must not occur twice")
            }
            try add(conversation, path, now)
        }
    }

    private mutating func add(_ conversation: ExportedConversation, _ path: String, _ now: Timestamp) throws(APIError) {
        guard conversation.messages.count <= Store.maximumMessages else {
            throw .invalidField("\(path).messages", "must have at most \(Store.maximumMessages) elements")
        }
        try Self.check(conversation.createdAt, "\(path).created_at")
        try Self.check(conversation.updatedAt, "\(path).updated_at")
        let id = UUID.version7(now)
        var copies: [UUID: (id: UUID, createdAt: Timestamp)] = [:]
        for (index, message) in conversation.messages.enumerated() {
            let path = "\(path).messages[\(index)]"
            guard copies[message.id.uuid] == nil else { throw .invalidField("\(path).id", "must not occur twice") }
            try Self.check(message.createdAt, "\(path).created_at")
            if let completedAt = message.completedAt { try Self.check(completedAt, "\(path).completed_at") }
            var parent: (id: UUID, createdAt: Timestamp)?
            if let parentID = message.parentID {
                parent = copies[parentID.uuid]
                guard parent != nil else {
                    throw .invalidField("\(path).parent_id", "must be an earlier message of the conversation")
                }
            }
            // Lists go by time: a message is never older than the one it follows.
            let createdAt = max(message.createdAt, parent.map { $0.createdAt + .microseconds(1) } ?? message.createdAt)
            let copy = UUID.version7(now)
            copies[message.id.uuid] = (copy, createdAt)
            messages.append(MessageRow(message, id: copy, in: id, after: parent?.id, createdAt: createdAt))
        }
        let head = try Self.head(of: conversation, path, copies.mapValues(\.id))
        conversations.append(Row(conversation, id: id, head: head))
        mapping.append((conversation.id.uuid, id))
    }

    private static func head(
        of conversation: ExportedConversation, _ path: String, _ copies: [UUID: UUID]
    ) throws(APIError) -> UUID? {
        guard let head = conversation.headMessageID else {
            return conversation.messages.last.flatMap { copies[$0.id.uuid] }
        }
        guard let copy = copies[head.uuid] else {
            throw .invalidField("\(path).head_message_id", "must be a message of the conversation")
        }
        return copy
    }

    /// Years that both databases, and the cursors of lists, can hold.
    private static func check(_ time: Timestamp, _ path: String) throws(APIError) {
        guard (0..<PageCursor.start.time.microseconds).contains(time.microseconds) else {
            throw .invalidField(path, "must be a time between 1970 and 9999")
        }
    }

    /// A row of `conversations`, as JSON that a statement takes apart; times in microseconds.
    struct Row: Encodable, Sendable {
        let id: String
        let title: String
        let titleSource: String
        let model: String?
        let systemPrompt: String?
        let head: String?
        let createdAt: Int64
        let updatedAt: Int64

        init(_ conversation: ExportedConversation, id: UUID, head: UUID?) {
            self.id = id.text
            title = conversation.title
            titleSource = conversation.titleSource.rawValue
            model = conversation.model
            systemPrompt = conversation.systemPrompt
            self.head = head?.text
            createdAt = conversation.createdAt.microseconds
            updatedAt = conversation.updatedAt.microseconds
        }
    }

    /// A row of `messages`.
    struct MessageRow: Encodable, Sendable {
        let id: String
        let conversation: String
        let parent: String?
        let role: String
        let content: String
        let status: String
        let finishReason: String?
        let errorCode: String?
        let model: String?
        let createdAt: Int64
        let completedAt: Int64?

        init(_ message: ExportedMessage, id: UUID, in conversation: UUID, after parent: UUID?, createdAt: Timestamp) {
            self.id = id.text
            self.conversation = conversation.text
            self.parent = parent?.text
            role = message.role.rawValue
            content = message.content
            status = message.status.rawValue
            finishReason = message.finishReason
            errorCode = message.errorCode
            model = message.model
            self.createdAt = createdAt.microseconds
            completedAt = message.completedAt?.microseconds
        }
    }
}
