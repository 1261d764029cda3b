import FoundationEssentials

/// Who sends a request, once that is proved.
struct Caller: Sendable, Hashable {
    /// What it was proved with.
    enum Credential: Sendable, Hashable {
        /// An access token of this session.
        case session(UUID)
        /// This API key.
        case apiKey(UUID)
    }

    let userID: UUID
    let role: UserRole
    let credential: Credential
}

/// Tells who sends a request.
protocol Authenticator: Sendable {
    /// - Parameter authorization: The `Authorization` header's value; nil when there is none.
    /// - Throws: ``APIError``, 401 in the shape of OpenAI's API with `WWW-Authenticate`; it does not tell a wrong credential from one
    ///   that was withdrawn.
    func caller(authorization: String?) async throws -> Caller
}
