import FoundationEssentials
import HTTPTypes

/// Refusals of credentials: 401 with `WWW-Authenticate` (RFC 6750). None tells a wrong credential from one that was withdrawn.
extension APIError {
    static let credentialMissing = unauthorized(
        "missing_credential", "Send an API key or an access token, as in Authorization: Bearer sk-cb-….", challenge: nil
    )

    static let invalidAPIKey = unauthorized("invalid_api_key", "This API key is not valid, or no longer.")

    static let invalidAccessToken = unauthorized("invalid_token", "This access token is not valid, or no longer.")

    static let accessTokenExpired = unauthorized(
        "token_expired", "This access token has expired; use the refresh token.")

    static let invalidRefreshToken = unauthorized(
        "invalid_token", "This refresh token is not valid, or no longer; log in again.")

    /// A request that proves who sends it in a way that is not enough here.
    static let sessionRequired = APIError(
        status: .forbidden, kind: .invalidRequest, code: "session_required",
        message: "This needs an access token from a log-in; an API key is not enough.")

    static let adminRequired = APIError(
        status: .forbidden, kind: .invalidRequest, code: "admin_required", message: "This needs the role admin.")

    private static func unauthorized(_ code: String, _ message: String, challenge: String? = "invalid_token")
        -> APIError
    {
        let challenge = challenge.map { ", error=\"\($0)\"" } ?? ""
        return APIError(
            status: .unauthorized, kind: .invalidRequest, code: code, message: message,
            headers: [.wwwAuthenticate: "Bearer realm=\"chatgpt-backend\"\(challenge)"])
    }
}

extension Authenticator {
    /// The caller, who must have logged in: accounts are not managed with API keys, which may lie in scripts.
    /// - Returns: The caller and the session.
    func member(authorization: String?) async throws -> (caller: Caller, session: UUID) {
        let caller = try await caller(authorization: authorization)
        guard case .session(let session) = caller.credential else { throw APIError.sessionRequired }
        return (caller, session)
    }

    /// The caller, who must have logged in and be an admin.
    func admin(authorization: String?) async throws -> Caller {
        let (caller, _) = try await member(authorization: authorization)
        guard caller.role == .admin else { throw APIError.adminRequired }
        return caller
    }
}
