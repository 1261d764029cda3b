import HTTPTypes

extension APIKeyRoutes {
    private static let path = "/api/v1/api-keys"

    var operations: [APIOperation] {
        [
            APIOperation(
                method: .get, path: Self.path, id: "listAPIKeys", tag: "API keys", summary: "The caller's keys",
                answers: [
                    .ok("All of them, newest first.", .json(.object(required: ["data": .array(of: .named("APIKey"))]))),
                    Self.needsSession,
                ]),
            APIOperation(
                method: .post, path: Self.path, id: "createAPIKey", tag: "API keys", summary: "Make a key",
                description: "The answer is the only one that ever holds the key itself.",
                body: .json(.named("CreateAPIKeyRequest")),
                answers: [
                    .created("The key.", .json(.named("NewAPIKey"))), Self.needsSession,
                    .error(409, "The account has as many keys as it can have."),
                ]),
            APIOperation(
                method: .delete, path: "\(Self.path)/{key}", id: "deleteAPIKey", tag: "API keys",
                summary: "Withdraw a key", parameters: [.path("key", "The key's id.")],
                answers: [.noContent("It is good no longer."), Self.needsSession]),
        ]
    }

    private static let needsSession = APIOperation.Answer.error(
        403, "Keys are managed with an access token, not with a key.")

    var schemas: [String: JSONSchema] {
        let members: [String: JSONSchema] = [
            "id": .string(format: "uuid"), "name": UserName.schema, "prefix": .string("How the key begins."),
            "created_at": .string(format: "date-time"),
            "last_used_at": .string("To the minute.", format: "date-time").orNull,
            "expires_at": .string(format: "date-time").orNull,
        ]
        return [
            "CreateAPIKeyRequest": .object(
                required: ["name": UserName.nonEmptySchema],
                optional: ["expires_at": .string("None: it does not expire.", format: "date-time").orNull]),
            "APIKey": .object(required: members),
            "NewAPIKey": .object(required: members.merging(["key": .string("Shown once.")]) { own, _ in own }),
        ]
    }
}
