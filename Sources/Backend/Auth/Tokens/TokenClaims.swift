import FoundationEssentials
import JWTKit

/// What a token of a session says (RFC 7519). Who the user is today, role and all, is looked up, not said.
struct TokenClaims: JWTPayload, Equatable {
    var iss: String
    var aud: String
    /// The user.
    var sub: UUID
    /// The session.
    var sid: UUID
    /// Which of the session's refresh tokens it is; access tokens have none.
    var gen: Int64?
    /// Seconds since 1970.
    var iat: Int64
    var exp: Int64

    /// The signature is jwt-kit's matter; what the claims must be, ``TokenAuthority`` checks with its own clock.
    func verify(using algorithm: some JWTAlgorithm) {}
}
