import FoundationEssentials

/// A token in a mail, good once. The database has its hash only.
struct OneTimeToken: Sendable {
    enum Purpose: String, Sendable, SQLConvertible {
        case passwordReset = "password_reset"
    }

    /// How long it is good for.
    static let lifetime = Duration.seconds(30 * 60)

    let purpose: Purpose
    let text: String

    /// A new one.
    init(for purpose: Purpose) {
        self.purpose = purpose
        text = RandomToken.make()
    }

    /// One that came back.
    init(_ text: String, for purpose: Purpose) {
        self.purpose = purpose
        self.text = text
    }

    var digest: SHA256Digest { SHA256Digest(of: text) }
}

extension Store {
    /// Tokens for one purpose that a user may have at a time: older mails' may still be on their way.
    private static let maximumTokens = 3

    func insert(_ token: OneTimeToken, for user: UUID, at time: Timestamp) async throws {
        _ = try await database.run(
            [
                SQLStatement(
                    """
                    INSERT INTO one_time_tokens (token_hash, user_id, purpose, created_at, expires_at)
                    VALUES ($1, $2, $3, $4, $5)
                    """,
                    [
                        token.digest.bytes.sqlValue, user.sqlValue, token.purpose.sqlValue, time.sqlValue,
                        (time + OneTimeToken.lifetime).sqlValue,
                    ]),
                SQLStatement(
                    """
                    DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND token_hash NOT IN
                        (SELECT token_hash FROM one_time_tokens WHERE user_id = $1 AND purpose = $2
                        ORDER BY created_at DESC LIMIT $3)
                    """, [user.sqlValue, token.purpose.sqlValue, Self.maximumTokens.sqlValue]),
            ], .write)
    }

    /// Whose token it is; nil when it is nobody's, or no longer good.
    func user(with token: OneTimeToken, at time: Timestamp) async throws -> User? {
        try await database.rows(
            """
            SELECT u.id, u.email, u.name, u.password_hash, u.role, u.is_active, u.created_at, u.updated_at,
                u.password_changed_at
            FROM one_time_tokens t JOIN users u ON u.id = t.user_id
            WHERE t.token_hash = $1 AND t.purpose = $2 AND t.expires_at > $3 AND u.is_active
            """, [token.digest.bytes.sqlValue, token.purpose.sqlValue, time.sqlValue]
        ).first.map { try User($0) }
    }
}
