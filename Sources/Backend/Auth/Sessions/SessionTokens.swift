/// The answer to a log-in and to a refresh, in OAuth 2.0's words (RFC 6749 §5.1).
struct SessionTokens: Encodable, Sendable {
    let accessToken: String
    let refreshToken: String
    let tokenType = "bearer"
    /// Seconds for which the access token is good.
    let expiresIn = TokenKind.access.lifetime
    let user: UserProfile

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
        case user
    }
}
