import HTTPTypes
import Hummingbird

extension TransferRoutes {
    var operations: [APIOperation] {
        let path = ConversationRoutes.path.description
        return [
            APIOperation(
                method: .get, path: "\(path)/export", id: "exportConversations", tag: "Conversations",
                summary: "All of the caller's conversations as one document, or a part of them",
                description: "With `limit` or `cursor` it is a part; the `Link` header says where the next one is.",
                parameters: [
                    .query("limit", "The most conversations of a part.", .integer(in: 1...100)),
                    .query("cursor", "Where the part begins, from the `Link` of the one before.", .string()),
                ],
                answers: [.ok("The document.", .json(.named("ConversationDocument")))]),
            APIOperation(
                method: .get, path: "\(path)/{conversation}/export", id: "exportConversation", tag: "Conversations",
                summary: "One conversation as a document",
                parameters: [.path("conversation", "The conversation's id.")],
                answers: [.ok("The document.", .json(.named("ConversationDocument")))]),
            APIOperation(
                method: .post, path: "\(path)/import", id: "importConversations", tag: "Conversations",
                summary: "Take the conversations of a document, all of them or none, under new ids",
                body: .json(.named("ConversationDocument")),
                answers: [
                    .created(
                        "The new conversations.",
                        .json(
                            .object(
                                required: [
                                    "data": .array(
                                        of: .object(
                                            required: [
                                                "id": .string(format: "uuid"), "original_id": .string(format: "uuid"),
                                            ]))
                                ])))
                ]),
        ]
    }

    var schemas: [String: JSONSchema] {
        let time = JSONSchema.string(format: "date-time")
        let id = JSONSchema.string(format: "uuid")
        let message = JSONSchema.object(
            required: [
                "id": id, "role": .oneOf(Message.Role.allCases.map(\.rawValue)), "content": .string(),
                "status": .oneOf(["completed", "incomplete", "failed"]), "created_at": time,
            ],
            optional: [
                "parent_id": id.orNull, "finish_reason": .string().orNull, "error_code": .string().orNull,
                "model": .string().orNull, "completed_at": time.orNull,
            ])
        return [
            "ConversationDocument": .object(
                required: [
                    "format": .oneOf([ConversationDocument.formatName]),
                    "version": .integer(in: ConversationDocument.currentVersion...ConversationDocument.currentVersion),
                    "conversations": .array(of: .named("ExportedConversation")),
                ], optional: ["exported_at": time.orNull]),
            "ExportedConversation": .object(
                "A message comes after the one that it follows.",
                required: [
                    "id": id, "title": ConversationTitle.schema("At most 800 bytes."),
                    "title_source": .oneOf(Conversation.TitleSource.allCases.map(\.rawValue)), "created_at": time,
                    "updated_at": time, "messages": .array(of: message),
                ],
                optional: [
                    "model": .string().orNull, "system_prompt": .string().orNull, "head_message_id": id.orNull,
                ]),
        ]
    }
}
