import FoundationEssentials

extension Store {
    /// - Throws: ``DatabaseError`` with `uniqueViolation` when the address is taken.
    func insert(_ user: User) async throws {
        try await database.run(Self.insert(user), .write)
    }

    static func insert(_ user: User) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO users
                (id, email, name, password_hash, role, is_active, created_at, updated_at, password_changed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                user.id.sqlValue, user.email.sqlValue, user.name.sqlValue, user.passwordHash.sqlValue,
                user.role.sqlValue, user.isActive.sqlValue, user.createdAt.sqlValue, user.updatedAt.sqlValue,
                user.passwordChangedAt.sqlValue,
            ])
    }

    func user(_ id: UUID) async throws -> User? {
        try await database.rows(
            """
            SELECT id, email, name, password_hash, role, is_active, created_at, updated_at, password_changed_at
            FROM users WHERE id = $1
            """, [id.sqlValue]
        ).first.map { try User($0) }
    }

    func user(email: UserEmail) async throws -> User? {
        try await database.rows(
            """
            SELECT id, email, name, password_hash, role, is_active, created_at, updated_at, password_changed_at
            FROM users WHERE email = $1
            """, [email.sqlValue]
        ).first.map { try User($0) }
    }

    /// Users in the order in which they came.
    /// - Parameter cursor: The last one of the page before.
    func users(after cursor: UUID?, limit: Int) async throws -> [User] {
        let start = cursor ?? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        return try await database.rows(
            """
            SELECT id, email, name, password_hash, role, is_active, created_at, updated_at, password_changed_at
            FROM users WHERE id > $1 ORDER BY id LIMIT $2
            """, [start.sqlValue, limit.sqlValue]
        ).map { try User($0) }
    }

    /// Changes what the user says of themselves.
    /// - Returns: Whether there is such a user.
    /// - Throws: ``DatabaseError`` with `uniqueViolation` when the address is taken.
    func update(_ id: UUID, name: String, email: UserEmail, at time: Timestamp) async throws -> Bool {
        let update = SQLStatement(
            "UPDATE users SET name = $2, email = $3, updated_at = $4 WHERE id = $1",
            [id.sqlValue, name.sqlValue, email.sqlValue, time.sqlValue])
        return try await database.run(update, .write).affectedRows == 1
    }

    /// Sets a new hash of the password that the user has, made with other parameters. Changes nothing if it was changed meanwhile.
    func replaceHash(of user: User, with hash: PasswordHash) async throws {
        try await database.run(
            SQLStatement(
                "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
                [user.id.sqlValue, user.passwordHash.sqlValue, hash.text.sqlValue]), .write)
    }

    /// Sets another password, and ends all sessions but `session` and all links in mails.
    /// - Parameter token: The link in a mail that this is done with: it must be good, and is no longer.
    /// - Returns: False when the token, or the user, is no longer there.
    func setPassword(
        of user: UUID, to hash: PasswordHash, keeping session: UUID?, using token: OneTimeToken? = nil,
        at time: Timestamp
    ) async throws -> Bool {
        var batch: [SQLStatement] = []
        if let token {
            batch.append(
                SQLStatement(
                    "DELETE FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3",
                    [token.digest.bytes.sqlValue, token.purpose.sqlValue, time.sqlValue], expecting: .exactly(1)))
        }
        batch += [
            SQLStatement(
                "UPDATE users SET password_hash = $2, password_changed_at = $3, updated_at = $3 WHERE id = $1",
                [user.sqlValue, hash.text.sqlValue, time.sqlValue], expecting: .exactly(1)),
            SQLStatement("DELETE FROM one_time_tokens WHERE user_id = $1", [user.sqlValue]),
            // No session has the user's own identifier.
            SQLStatement(
                "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", [user.sqlValue, (session ?? user).sqlValue]),
            Self.noteChange(ofUser: user, at: time),
        ]
        return try await succeeds(batch)
    }

    /// Sets role and activity; an account that is switched off loses its sessions.
    func administer(_ id: UUID, role: UserRole, isActive: Bool, at time: Timestamp) async throws
        -> AdministrationOutcome
    {
        var batch = [
            Self.lockAdmins,
            SQLStatement(
                """
                UPDATE users SET role = $2, is_active = $3, updated_at = $4
                WHERE id = $1 AND ($5 OR role <> 'admin' OR NOT is_active
                    OR EXISTS (SELECT 1 FROM users o WHERE o.role = 'admin' AND o.is_active AND o.id <> $1))
                """,
                [
                    id.sqlValue, role.sqlValue, isActive.sqlValue, time.sqlValue,
                    (role == .admin && isActive).sqlValue,
                ], expecting: .exactly(1)),
            Self.noteChange(ofUser: id, at: time),
        ]
        if !isActive {
            batch += [
                SQLStatement("DELETE FROM sessions WHERE user_id = $1", [id.sqlValue]),
                SQLStatement("DELETE FROM one_time_tokens WHERE user_id = $1", [id.sqlValue]),
            ]
        }
        return try await outcome(of: batch, user: id)
    }

    /// Deletes a user with everything of theirs.
    func deleteUser(_ id: UUID, at time: Timestamp) async throws -> AdministrationOutcome {
        let batch = [
            Self.lockAdmins,
            SQLStatement(
                """
                DELETE FROM users WHERE id = $1 AND (role <> 'admin' OR NOT is_active
                    OR EXISTS (SELECT 1 FROM users o WHERE o.role = 'admin' AND o.is_active AND o.id <> $1))
                """, [id.sqlValue], expecting: .exactly(1)),
            Self.noteChange(ofUser: id, at: time),
        ]
        return try await outcome(of: batch, user: id)
    }

    /// What became of a change to a user.
    enum AdministrationOutcome: Sendable {
        case done, noSuchUser
        /// There would be no active admin left.
        case lastAdmin
    }

    /// Two admins who demote each other at the same time must not both succeed: the second waits here for the first. In SQLite
    /// there is one writer at a time anyway.
    private static let lockAdmins = SQLStatement(
        SQLText(
            sqlite: "SELECT id FROM users WHERE role = 'admin' AND is_active",
            postgreSQL: "SELECT id FROM users WHERE role = 'admin' AND is_active ORDER BY id FOR UPDATE"))

    private func outcome(of batch: [SQLStatement], user: UUID) async throws -> AdministrationOutcome {
        if try await succeeds(batch) { return .done }
        return try await self.user(user) == nil ? .noSuchUser : .lastAdmin
    }

    /// Whether every statement met the rows that it expects; otherwise nothing was changed.
    private func succeeds(_ batch: [SQLStatement]) async throws -> Bool {
        do {
            _ = try await database.run(batch, .write)
            return true
        } catch let error as DatabaseError {
            guard error.code == .expectationFailed else { throw error }
            return false
        }
    }
}
