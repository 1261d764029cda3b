import HTTPTypes

extension ProfileRoutes {
    private static let path = "/api/v1/users/me"

    var operations: [APIOperation] {
        let wrongPassword = APIOperation.Answer.error(403, "The password is wrong, or an API key was sent.")
        return [
            APIOperation(
                method: .get, path: Self.path, id: "getProfile", tag: "Accounts", summary: "The caller's account",
                answers: [.ok("The account.", .json(.named("User")))]),
            APIOperation(
                method: .patch, path: Self.path, id: "updateProfile", tag: "Accounts",
                summary: "Change name or address",
                body: .json(.named("UpdateProfileRequest")),
                answers: [
                    .ok("The account as it is now.", .json(.named("User"))), wrongPassword,
                    .error(409, "The address has an account."),
                ]),
            APIOperation(
                method: .delete, path: Self.path, id: "deleteAccount", tag: "Accounts",
                summary: "Delete the account with all its conversations and keys",
                body: .json(.named("DeleteAccountRequest")),
                answers: [
                    .noContent("It is gone."), wrongPassword, .error(409, "It is the last active administrator."),
                ]),
            APIOperation(
                method: .post, path: "\(Self.path)/password", id: "changePassword", tag: "Accounts",
                summary: "Change the password; other sessions end", body: .json(.named("ChangePasswordRequest")),
                answers: [.noContent("It is changed."), wrongPassword]),
        ]
    }

    var schemas: [String: JSONSchema] {
        let password = JSONSchema.string(format: "password")
        return [
            "UpdateProfileRequest": .object(
                optional: [
                    "name": UserName.schema.orNull, "email": JSONSchema.string(format: "email").orNull,
                    "current_password": JSONSchema.string("Needed when the address changes.", format: "password")
                        .orNull,
                ]),
            "DeleteAccountRequest": .object(required: ["password": password]),
            "ChangePasswordRequest": .object(
                required: ["current_password": password, "new_password": PasswordRule.schema]),
            "User": .object(
                required: [
                    "id": .string(format: "uuid"), "email": .string(format: "email"), "name": .string(),
                    "role": .oneOf(["user", "admin"]), "is_active": .boolean("Whether it can be logged in to."),
                    "created_at": .string(format: "date-time"), "updated_at": .string(format: "date-time"),
                ]),
        ]
    }
}

extension UserAdministrationRoutes {
    private static let path = "/api/v1/users"

    var operations: [APIOperation] {
        let user = APIOperation.Parameter.path("user", "The user's id.")
        let lastAdmin = APIOperation.Answer.error(409, "It is the last active administrator.")
        return [
            APIOperation(
                method: .get, path: Self.path, id: "listUsers", tag: "Administration", summary: "Users, oldest first",
                access: .admin,
                parameters: .page(limit: 20),
                answers: [.ok("A page.", .json(.page(of: .named("User"))))]),
            APIOperation(
                method: .get, path: "\(Self.path)/{user}", id: "getUser", tag: "Administration", summary: "A user",
                access: .admin, parameters: [user], answers: [.ok("The user.", .json(.named("User")))]),
            APIOperation(
                method: .patch, path: "\(Self.path)/{user}", id: "updateUser", tag: "Administration",
                summary: "Change role, or bar and admit", access: .admin, parameters: [user],
                body: .json(.named("UpdateUserRequest")),
                answers: [.ok("The user as it is now.", .json(.named("User"))), lastAdmin]),
            APIOperation(
                method: .delete, path: "\(Self.path)/{user}", id: "deleteUser", tag: "Administration",
                summary: "Delete a user with all conversations and keys", access: .admin, parameters: [user],
                answers: [.noContent("The user is gone."), lastAdmin]),
        ]
    }

    var schemas: [String: JSONSchema] {
        [
            "UpdateUserRequest": .object(
                optional: [
                    "role": JSONSchema.oneOf(["user", "admin"]).orNull, "is_active": JSONSchema.boolean().orNull,
                ])
        ]
    }
}
