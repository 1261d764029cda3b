import FoundationEssentials

extension Store {
    /// The log-ins that a user may have at a time; the one that was not used for longest goes for a new one.
    static let maximumSessions = 50

    /// Begins a session of a user whose password was checked against `user.passwordHash`.
    /// - Returns: False when the password was changed since, or the user switched off or deleted.
    func insert(_ session: Session, for user: User) async throws -> Bool {
        let insert = SQLStatement(
            SQLText(
                sqlite: """
                    INSERT INTO sessions (id, user_id, generation, user_agent, created_at, last_used_at, expires_at)
                    SELECT $1, id, $2, $3, $4, $4, $5 FROM users WHERE id = $6 AND password_hash = $7 AND is_active
                    """,
                postgreSQL: """
                    INSERT INTO sessions (id, user_id, generation, user_agent, created_at, last_used_at, expires_at)
                    SELECT $1::uuid, id, $2::bigint, $3::text, $4::timestamptz, $4::timestamptz, $5::timestamptz
                    FROM users WHERE id = $6 AND password_hash = $7 AND is_active FOR SHARE
                    """),
            [
                session.id.sqlValue, session.generation.sqlValue, session.userAgent.sqlValue,
                session.createdAt.sqlValue, session.expiresAt.sqlValue, user.id.sqlValue, user.passwordHash.sqlValue,
            ])
        let trim = SQLStatement(
            """
            DELETE FROM sessions WHERE user_id = $1 AND id NOT IN
                (SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC LIMIT $2)
            """, [user.id.sqlValue, Self.maximumSessions.sqlValue])
        return try await database.run([insert, trim], .write)[0].affectedRows == 1
    }

    func session(_ id: UUID) async throws -> Session? {
        try await database.rows(
            """
            SELECT id, user_id, generation, user_agent, created_at, last_used_at, expires_at FROM sessions
            WHERE id = $1
            """, [id.sqlValue]
        ).first.map { row in
            Session(
                id: try row.get(0), userID: try row.get(1), generation: try row.get(2), userAgent: try row.get(3),
                createdAt: try row.get(4), lastUsedAt: try row.get(5), expiresAt: try row.get(6))
        }
    }

    /// Moves a session on from one refresh token to the next: of all who come with the same token, one succeeds.
    func advanceSession(_ id: UUID, from generation: Int64, expiresAt: Timestamp, at time: Timestamp) async throws
        -> Bool
    {
        let update = SQLStatement(
            """
            UPDATE sessions SET generation = generation + 1, last_used_at = $3, expires_at = $4
            WHERE id = $1 AND generation = $2 AND expires_at > $3
                AND user_id IN (SELECT id FROM users WHERE is_active)
            """, [id.sqlValue, generation.sqlValue, time.sqlValue, expiresAt.sqlValue])
        return try await database.run(update, .write).affectedRows == 1
    }

    /// Ends a session, on all replicas.
    func endSession(_ id: UUID, of user: UUID, at time: Timestamp) async throws {
        _ = try await database.run(
            [
                SQLStatement("DELETE FROM sessions WHERE id = $1 AND user_id = $2", [id.sqlValue, user.sqlValue]),
                Self.noteChange(ofUser: user, at: time),
            ], .write)
    }

    /// Ends all sessions of a user, on all replicas.
    func endSessions(of user: UUID, at time: Timestamp) async throws {
        _ = try await database.run(
            [
                SQLStatement("DELETE FROM sessions WHERE user_id = $1", [user.sqlValue]),
                Self.noteChange(ofUser: user, at: time),
            ], .write)
    }
}
