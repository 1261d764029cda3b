import HTTPTypes
import Hummingbird

extension ConversationRoutes {
    var operations: [APIOperation] {
        let path = Self.path.description
        let one = APIOperation.Parameter.path("conversation", "The conversation's id.")
        return [
            APIOperation(
                method: .post, path: path, id: "createConversation", tag: "Conversations",
                summary: "Begin a conversation", body: .json(.named("CreateConversationRequest")),
                answers: [.created("The conversation.", .json(.named("Conversation")))]),
            APIOperation(
                method: .get, path: path, id: "listConversations", tag: "Conversations",
                summary: "The caller's conversations, the last used first",
                parameters: .page(limit: 20) + [
                    .query(
                        "query", "Text to find in titles and messages, in any case.", .string(length: 0...800))
                ],
                answers: [.ok("A page.", .json(.page(of: .named("Conversation"))))]),
            APIOperation(
                method: .get, path: "\(path)/{conversation}", id: "getConversation", tag: "Conversations",
                summary: "A conversation", parameters: [one],
                answers: [.ok("The conversation.", .json(.named("Conversation")))]),
            APIOperation(
                method: .patch, path: "\(path)/{conversation}", id: "updateConversation", tag: "Conversations",
                summary: "Rename a conversation, or change its model or system prompt", parameters: [one],
                body: .json(.named("UpdateConversationRequest")),
                answers: [.ok("The conversation as it is now.", .json(.named("Conversation")))]),
            APIOperation(
                method: .delete, path: "\(path)/{conversation}", id: "deleteConversation", tag: "Conversations",
                summary: "Delete a conversation with its messages", parameters: [one],
                answers: [.noContent("It is gone.")]),
        ]
    }

    var schemas: [String: JSONSchema] {
        let title = ConversationTitle.schema("At most 800 bytes.")
        let model = ModelName.schema("The model for new answers; null for the service's.").orNull
        let systemPrompt = JSONSchema.string("At most 32 KiB.").orNull
        return [
            "CreateConversationRequest": .object(
                optional: ["title": title.orNull, "model": model, "system_prompt": systemPrompt]),
            "UpdateConversationRequest": .object(
                optional: ["title": title, "model": model, "system_prompt": systemPrompt]),
            "Conversation": .object(
                required: [
                    "id": .string(format: "uuid"), "title": title,
                    "title_source": .oneOf(Conversation.TitleSource.allCases.map(\.rawValue)), "model": model,
                    "system_prompt": systemPrompt,
                    "head_message_id": .string("The end of the shown branch.", format: "uuid").orNull,
                    "created_at": .string(format: "date-time"), "updated_at": .string(format: "date-time"),
                ]),
        ]
    }
}

extension BoundedText {
    /// The bound itself is in bytes, which a schema cannot say.
    static func schema(_ description: String) -> JSONSchema {
        mayBeBlank ? .string(description) : .string(description, pattern: #"\S"#)
    }
}
