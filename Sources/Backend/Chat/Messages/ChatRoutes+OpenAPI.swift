import HTTPTypes
import Hummingbird

extension ChatRoutes {
    var operations: [APIOperation] {
        let path = "\(ConversationRoutes.path)/{conversation}/messages"
        return [
            answering(path, "sendMessage", "Send a message and have it answered", "SendMessageRequest"),
            answering(
                "\(path)/{message}/edit", "editMessage", "Add another version of a message, and have it answered",
                "EditMessageRequest"),
            answering(
                "\(path)/{message}/regenerate", "regenerateMessage", "Have another answer", "RegenerateRequest",
                isBodyRequired: false),
            APIOperation(
                method: .get, path: "\(path)/{message}/events", id: "streamMessage", tag: "Chat",
                summary: "The events of an answer from a place on, while it comes and afterwards",
                parameters: MessageRoutes.place + [
                    .query("after", "The id of the last event that the client has, or its offset.", .string()),
                    .header("Last-Event-ID", "As `after`; browsers send it by themselves.", .string()),
                ], answers: [.ok("The events.", .events)]),
            APIOperation(
                method: .post, path: "\(path)/{message}/stop", id: "stopMessage", tag: "Chat",
                summary: "End an answer with what there is of it", parameters: MessageRoutes.place,
                answers: [
                    .ok("The answer as it ended.", .json(.named("Message"))),
                    .accepted("It is being stopped.", .json(.named("Message"))),
                ]),
        ]
    }

    private func answering(
        _ path: String, _ id: String, _ summary: String, _ body: String, isBodyRequired: Bool = true
    ) -> APIOperation {
        APIOperation(
            method: .post, path: path, id: id, tag: "Chat", summary: summary,
            description:
                "The answer comes as JSON once it is complete, or as events: with `stream` or `Accept: text/event-stream`.",
            parameters: (path.contains("{message}") ? MessageRoutes.place : [MessageRoutes.place[0]]) + [
                .header(
                    "Idempotency-Key", "The same key with the same body gives the same answer, for 24 hours.",
                    .string(length: 1...200))
            ],
            body: .json(.named(body)), isBodyRequired: isBodyRequired,
            answers: [
                .ok("The events.", .events), .created("The answer.", .json(.named("AnsweredMessage"))),
                .error(409, "The conversation has an answer in progress, or the message cannot be answered so."),
            ])
    }

    var schemas: [String: JSONSchema] {
        let model = ModelName.schema("None: the conversation's, or the service's.").orNull
        let stream = JSONSchema.boolean("Whether to answer with events.").orNull
        let content = MessageText.schema("At most 256 KiB.")
        return [
            "SendMessageRequest": .object(
                required: ["content": content],
                optional: [
                    "model": model, "stream": stream,
                    "parent_id": JSONSchema.string(
                        "The answer that it follows. Absent: the end of the shown branch; null: none.", format: "uuid"
                    ).orNull,
                ]),
            "EditMessageRequest": .object(
                required: ["content": content], optional: ["model": model, "stream": stream]),
            "RegenerateRequest": .object(optional: ["model": model, "stream": stream]),
            "AnsweredMessage": .object(
                required: ["message": .named("Message")], optional: ["user_message": .named("Message")]),
        ]
    }
}
