import HTTPTypes
import Hummingbird

extension MessageRoutes {
    /// The parameters that name a message.
    static let place: [APIOperation.Parameter] = [
        .path("conversation", "The conversation's id."), .path("message", "The message's id."),
    ]

    var operations: [APIOperation] {
        let path = "\(ConversationRoutes.path)/{conversation}/messages"
        return [
            APIOperation(
                method: .get, path: path, id: "listMessages", tag: "Conversations",
                summary: "The messages of the shown branch, its end first",
                parameters: [Self.place[0]] + .page(limit: 50),
                answers: [.ok("A page.", .json(.page(of: .named("ListedMessage"))))]),
            APIOperation(
                method: .get, path: "\(path)/{message}", id: "getMessage", tag: "Conversations", summary: "A message",
                parameters: Self.place, answers: [.ok("The message.", .json(.named("Message")))]),
            APIOperation(
                method: .post, path: "\(path)/{message}/select", id: "selectBranch", tag: "Conversations",
                summary: "Show the branch that the message is on, to its newest end", parameters: Self.place,
                answers: [.ok("The conversation as it is now.", .json(.named("Conversation")))]),
            APIOperation(
                method: .post, path: "\(path)/{message}/fork", id: "forkConversation", tag: "Conversations",
                summary: "Copy the branch up to the message into a new conversation", parameters: Self.place,
                body: .json(.named("ForkRequest")), isBodyRequired: false,
                answers: [.created("The new conversation.", .json(.named("Conversation")))]),
        ]
    }

    var schemas: [String: JSONSchema] {
        let siblings = JSONSchema.object(
            "The versions of this message, itself included, in the order in which they were added.",
            required: [
                "count": .integer(), "index": .integer("This one, counted from 0."),
                "ids": .array(of: .string(format: "uuid")),
            ])
        return [
            "ForkRequest": .object(optional: ["title": ConversationTitle.schema("None: the conversation's own.").orNull]
            ),
            "Message": .object(required: Self.members),
            "ListedMessage": .object(required: Self.members.merging(["siblings": siblings]) { own, _ in own }),
        ]
    }

    private static let members: [String: JSONSchema] = [
        "id": .string(format: "uuid"), "conversation_id": .string(format: "uuid"),
        "parent_id": .string("The message that this one follows.", format: "uuid").orNull,
        "role": .oneOf(Message.Role.allCases.map(\.rawValue)), "content": .string(),
        "status": .oneOf(Message.Status.allCases.map(\.rawValue)),
        "finish_reason": .string(
            "`stop`, `length` and others as the model's server says; `stopped`, `disconnected`, `shutdown` or `interrupted`."
        ).orNull,
        "error": JSONSchema.object(required: ["code": .string(), "message": .string()]).orNull,
        "model": .string().orNull,
        "usage": JSONSchema.object(
            required: [
                "prompt_tokens": .integer(), "completion_tokens": .integer(), "total_tokens": .integer(),
                "source": .oneOf(["reported", "estimated", "zero"]),
            ]).orNull,
        "created_at": .string(format: "date-time"), "completed_at": .string(format: "date-time").orNull,
    ]
}
