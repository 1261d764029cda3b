import Foundation
import HTTPTypes
import Observability
import Testing

@testable import Backend

/// Takes `Bearer USER-ID` for a proof.
struct TrustingAuthenticator: Authenticator {
    func caller(authorization: String?) async throws -> Caller {
        guard let text = authorization, text.hasPrefix("Bearer "), let id = UUID(uuidString: String(text.dropFirst(7)))
        else {
            throw APIError(
                status: .unauthorized, kind: .invalidRequest, code: "invalid_token", message: "Who are you?",
                headers: [.wwwAuthenticate: "Bearer"])
        }
        return Caller(userID: id, role: .user, credential: .session(id))
    }
}

extension Store {
    /// A user to be the caller.
    func insertTestUser() async throws -> UUID {
        let id = UUID.version7()
        let now = Timestamp.now.sqlValue
        try await database.run(
            SQLStatement(
                """
                INSERT INTO users (id, email, name, password_hash, role, created_at, updated_at, password_changed_at)
                VALUES ($1, $2, 'Test', 'none', 'user', $3, $3, $3)
                """, [id.sqlValue, "\(id.text)@example.com".sqlValue, now]), .write)
        return id
    }
}

extension UsageLimits {
    /// - Parameter requests: How many a minute a user may make; nil for any number.
    static func test(requests: Int? = nil) -> UsageLimits {
        UsageLimits(
            settings: UsageLimitSettings(userRequests: requests, userTokens: nil),
            limiter: LocalRateLimiter(
                MemoryRateLimiter(), metrics: RateLimitMetrics(registry: PrometheusRegistry())))
    }
}
