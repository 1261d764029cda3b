import HTTPTypes

extension AuthRoutes {
    var operations: [APIOperation] {
        [
            operation(
                "register", "register", "Register, and log in at once", body: "RegisterRequest",
                .created("The account and its first session.", .json(.named("SessionTokens"))),
                .error(403, "Registration is closed."), .error(409, "The address has an account.")),
            operation(
                "login", "logIn", "Log in", body: "LogInRequest",
                .ok("A new session.", .json(.named("SessionTokens"))),
                .error(401, "The address or the password is wrong, or the account is not active.")),
            operation(
                "refresh", "refreshSession", "Exchange a refresh token for new tokens", body: "RefreshRequest",
                description:
                    "Each refresh token is good once. One that comes a second time ends its session: somebody else has it.",
                .ok("The session's next tokens.", .json(.named("SessionTokens"))),
                .error(401, "The token is not, or no longer, good.")),
            operation(
                "logout", "logOut", "End this session", access: .caller, .noContent("It has ended."),
                .error(403, "An API key has no session.")),
            operation(
                "logout-all", "logOutEverywhere", "End all sessions of the caller", access: .caller,
                .noContent("They have ended."), .error(403, "An API key has no session.")),
            operation(
                "forgot-password", "forgotPassword", "Ask for a mail with a link to a new password",
                body: "ForgotPasswordRequest",
                .accepted("A mail is sent if there is such an account; the answer does not tell whether.")),
            operation(
                "reset-password", "resetPassword", "Set a new password with the token of that mail",
                body: "ResetPasswordRequest", .noContent("The password is changed and all sessions have ended.")),
        ]
    }

    var schemas: [String: JSONSchema] {
        [
            "RegisterRequest": .object(
                required: ["email": Self.email, "password": PasswordRule.schema], optional: ["name": UserName.schema]),
            "LogInRequest": .object(required: ["email": Self.email, "password": .string(format: "password")]),
            "RefreshRequest": .object(required: ["refresh_token": .string()]),
            "ForgotPasswordRequest": .object(required: ["email": Self.email]),
            "ResetPasswordRequest": .object(
                required: ["token": .string("From the mail."), "new_password": PasswordRule.schema]),
            "SessionTokens": .object(
                required: [
                    "access_token": .string("For `Authorization: Bearer …`."),
                    "refresh_token": .string("For one call of refresh."), "token_type": .oneOf(["bearer"]),
                    "expires_in": .integer("Seconds for which the access token is good."), "user": .named("User"),
                ]),
        ]
    }

    private static let email = JSONSchema.string(format: "email", length: 3...254)

    private func operation(
        _ path: String, _ id: String, _ summary: String, body: String? = nil, access: APIOperation.Access = .anyone,
        description: String? = nil, _ answers: APIOperation.Answer...
    ) -> APIOperation {
        APIOperation(
            method: .post, path: "/api/v1/auth/\(path)", id: id, tag: "Accounts", summary: summary,
            description: description, access: access, body: body.map { .json(.named($0)) }, answers: answers)
    }
}

extension PasswordRule {
    static let schema = JSONSchema.string(
        "At least \(minimumLength) characters and at most \(maximumBytes) bytes, not the address.", format: "password",
        length: minimumLength...maximumBytes)
}
