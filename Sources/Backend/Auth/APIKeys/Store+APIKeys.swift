import FoundationEssentials

extension Store {
    /// The keys that a user may have.
    static let maximumAPIKeys = 100

    func insert(_ key: APIKey, _ digest: SHA256Digest, for user: UUID) async throws {
        try await database.run(
            SQLStatement(
                """
                INSERT INTO api_keys (id, user_id, name, prefix, key_hash, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    key.id.sqlValue, user.sqlValue, key.name.sqlValue, key.prefix.sqlValue, digest.bytes.sqlValue,
                    key.createdAt.sqlValue, key.expiresAt.sqlValue,
                ]), .write)
    }

    /// All keys of a user, the newest first.
    func apiKeys(of user: UUID) async throws -> [APIKey] {
        try await database.rows(
            """
            SELECT id, name, prefix, created_at, last_used_at, expires_at FROM api_keys
            WHERE user_id = $1 ORDER BY created_at DESC, id DESC
            """, [user.sqlValue]
        ).map { row in
            APIKey(
                id: try row.get(0), name: try row.get(1), prefix: try row.get(2), createdAt: try row.get(3),
                lastUsedAt: try row.getOptional(4), expiresAt: try row.getOptional(5))
        }
    }

    /// Revokes a key, on all replicas.
    /// - Returns: Whether the user had it.
    func deleteAPIKey(_ id: UUID, of user: UUID, at time: Timestamp) async throws -> Bool {
        let results = try await database.run(
            [
                SQLStatement("DELETE FROM api_keys WHERE id = $1 AND user_id = $2", [id.sqlValue, user.sqlValue]),
                Self.noteChange(ofUser: user, at: time),
            ], .write)
        return results[0].affectedRows == 1
    }
}
