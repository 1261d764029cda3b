import FoundationEssentials

extension Store {
    /// Whom a credential stands for; nil when there is no such credential, or its user is not active.
    func grant(for credential: CredentialID) async throws -> CredentialGrant? {
        switch credential {
        case .session(let id):
            let rows = try await database.rows(
                """
                SELECT s.id, u.id, u.role, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id
                WHERE s.id = $1 AND u.is_active
                """, [id.sqlValue])
            return try rows.first.map { try Self.grant($0) { .session($0) } }
        case .apiKey(let digest):
            let rows = try await database.rows(
                """
                SELECT k.id, u.id, u.role, k.expires_at FROM api_keys k JOIN users u ON u.id = k.user_id
                WHERE k.key_hash = $1 AND u.is_active
                """, [digest.bytes.sqlValue])
            return try rows.first.map { try Self.grant($0) { .apiKey($0) } }
        }
    }

    private static func grant(_ row: SQLRow, _ credential: (UUID) -> Caller.Credential) throws -> CredentialGrant {
        CredentialGrant(
            caller: Caller(userID: try row.get(1), role: try row.get(2), credential: credential(try row.get(0))),
            expiresAt: try row.getOptional(3))
    }

    /// Tells all replicas that what they know of a user is old. Belongs in the batch of the change itself.
    static func noteChange(ofUser user: UUID, at time: Timestamp) -> SQLStatement {
        SQLStatement(
            "INSERT INTO account_changes (id, user_id, created_at) VALUES ($1, $2, $3)",
            [UUID.version7(time).sqlValue, user.sqlValue, time.sqlValue])
    }

    /// The changes since `time`.
    func accountChanges(since time: Timestamp) async throws -> [(id: UUID, user: UUID)] {
        try await database.rows("SELECT id, user_id FROM account_changes WHERE created_at > $1", [time.sqlValue])
            .map { (try $0.get(0), try $0.get(1)) }
    }

    /// Notes when keys were last used; never moves a note back.
    func noteUses(ofKeys uses: [UUID: Timestamp]) async throws {
        let statements = uses.map { key, time in
            SQLStatement(
                "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
                [key.sqlValue, time.sqlValue])
        }
        guard !statements.isEmpty else { return }
        _ = try await database.run(statements, .write)
    }

    /// Deletes what has expired and will not be asked for again.
    func purgeExpiredCredentials(now: Timestamp) async throws {
        _ = try await database.run(
            [
                SQLStatement("DELETE FROM sessions WHERE expires_at < $1", [now.sqlValue]),
                SQLStatement("DELETE FROM one_time_tokens WHERE expires_at < $1", [now.sqlValue]),
                SQLStatement("DELETE FROM account_changes WHERE created_at < $1", [(now - .seconds(86_400)).sqlValue]),
            ], .write)
    }
}
