import FoundationEssentials

/// A conversation, without its messages.
struct Conversation: Sendable, Hashable {
    /// Where a title comes from; it decides who may change it.
    enum TitleSource: String, Codable, CaseIterable, Sendable, SQLConvertible {
        /// Nobody said anything yet.
        case `default`
        /// Made from the first exchange.
        case automatic
        /// Set by the user: never overwritten.
        case user
    }

    static let defaultTitle = "New conversation"

    let id: UUID
    var title: String
    var titleSource: TitleSource
    /// The model for new answers; nil for the service's default.
    var model: String?
    var systemPrompt: String?
    /// The message at the end of the branch that is shown; nil while there is none.
    var headMessageID: UUID?
    var createdAt: Timestamp
    var updatedAt: Timestamp
}

extension Conversation: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, title, model
        case titleSource = "title_source"
        case systemPrompt = "system_prompt"
        case headMessageID = "head_message_id"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// Members that have no value are there as null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(title, forKey: .title)
        try container.encode(titleSource, forKey: .titleSource)
        try container.encode(model, forKey: .model)
        try container.encode(systemPrompt, forKey: .systemPrompt)
        try container.encode(headMessageID?.text, forKey: .headMessageID)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
    }
}

extension Conversation {
    /// Writes what the encoder would, for lists.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id.text)
            json.member("title", title)
            json.member("title_source", titleSource.rawValue)
            json.member("model", model)
            json.member("system_prompt", systemPrompt)
            json.member("head_message_id", headMessageID?.text)
            json.member("created_at", createdAt.description)
            json.member("updated_at", updatedAt.description)
        }
    }

    /// Reads the columns `id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at`.
    init(_ row: SQLRow) throws(DatabaseError) {
        id = try row.get(0)
        title = try row.get(1)
        titleSource = try row.get(2)
        model = try row.getOptional(3)
        systemPrompt = try row.getOptional(4)
        headMessageID = try row.getOptional(5)
        createdAt = try row.get(6)
        updatedAt = try row.get(7)
    }
}
