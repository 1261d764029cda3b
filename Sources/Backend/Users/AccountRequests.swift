/// Bodies of the requests about accounts.
enum AccountRequests {
    /// None of them needs more than a few lines.
    static let bodyLimit = 16 * 1024
}

struct RegisterRequest: Decodable, Sendable {
    let email: UserEmail
    let password: Secret
    let name: UserName?
}

struct LogInRequest: Decodable, Sendable {
    let email: UserEmail
    let password: Secret
}

struct RefreshRequest: Decodable, Sendable {
    let refreshToken: Secret

    enum CodingKeys: String, CodingKey {
        case refreshToken = "refresh_token"
    }
}

struct ForgotPasswordRequest: Decodable, Sendable {
    let email: UserEmail
}

struct ResetPasswordRequest: Decodable, Sendable {
    let token: Secret
    let newPassword: Secret

    enum CodingKeys: String, CodingKey {
        case token
        case newPassword = "new_password"
    }
}

struct ChangePasswordRequest: Decodable, Sendable {
    let currentPassword: Secret
    let newPassword: Secret

    enum CodingKeys: String, CodingKey {
        case currentPassword = "current_password"
        case newPassword = "new_password"
    }
}

struct UpdateProfileRequest: Decodable, Sendable {
    let name: UserName?
    let email: UserEmail?
    /// Asked for when the address changes: whoever has that can have the account.
    let currentPassword: Secret?

    enum CodingKeys: String, CodingKey {
        case name, email
        case currentPassword = "current_password"
    }
}

struct DeleteAccountRequest: Decodable, Sendable {
    let password: Secret
}

struct AdministerUserRequest: Decodable, Sendable {
    let role: UserRole?
    let isActive: Bool?

    enum CodingKeys: String, CodingKey {
        case role
        case isActive = "is_active"
    }
}
