import FoundationEssentials
import HTTPTypes
import Logging

/// Log-ins: their beginning, their refresh tokens, their end.
struct SessionManager: Sendable {
    /// For how long a refresh token that was used is answered once more, with the same successor: two tabs of one browser, or a
    /// client whose answer got lost, are no thieves.
    static let reuseGrace = Duration.seconds(10)

    let store: Store
    let hasher: PasswordHasher
    let tokens: TokenAuthority
    let changes: AccountChanges
    let clock: WallClock

    /// Begins a session for who knows the password.
    /// - Throws: ``APIError``: 401 for a wrong address or password, which takes the same time and says the same; 403 for an
    ///   account that is switched off, once the password was right.
    func logIn(email: UserEmail, password: Secret, userAgent: String?, logger: Logger) async throws -> SessionTokens {
        // A longer password than any account's cannot be right, and is not worth hashing.
        guard password.value.utf8.count <= PasswordRule.maximumBytes else { throw APIError.wrongPassword }
        guard var user = try await store.user(email: email) else {
            _ = try await hasher.verify(password.value, against: nil)
            throw APIError.wrongPassword
        }
        let hash = PasswordHash(user.passwordHash)
        if hash == nil { logger.error("a password hash cannot be read", metadata: ["user": "\(user.id)"]) }
        switch try await hasher.verify(password.value, against: hash) {
        case .wrong: throw APIError.wrongPassword
        case .right(isOutdated: true):
            let hash = try await hasher.hash(password.value)
            try await store.replaceHash(of: user, with: hash)
            user.passwordHash = hash.text
        case .right(isOutdated: false): break
        }
        guard user.isActive else { throw APIError.accountInactive }
        return try await begin(user, userAgent: userAgent)
    }

    /// Begins a session for a user whose password is known to be right.
    func begin(_ user: User, userAgent: String?) async throws -> SessionTokens {
        let now = clock.now
        let session = Session(
            id: .version7(now), userID: user.id, generation: 0, userAgent: String((userAgent ?? "").prefix(256)),
            createdAt: now, lastUsedAt: now, expiresAt: now + .seconds(TokenKind.refresh.lifetime))
        guard try await store.insert(session, for: user) else { throw APIError.wrongPassword }
        return try await issue(session, user)
    }

    /// Gives new tokens for a refresh token, which is used up. One that was used before means that two have it, and nobody knows
    /// which of them is the thief: the session ends for both.
    func refresh(_ token: Secret, logger: Logger) async throws -> SessionTokens {
        let now = clock.now
        guard let claims = try? await tokens.claims(of: token.value, as: .refresh), let generation = claims.gen,
            var session = try await store.session(claims.sid), session.userID == claims.sub,
            let user = try await store.user(session.userID), user.isActive
        else { throw APIError.invalidRefreshToken }
        let expiresAt = now + .seconds(TokenKind.refresh.lifetime)
        if session.generation == generation {
            if try await store.advanceSession(session.id, from: generation, expiresAt: expiresAt, at: now) {
                session.generation += 1
                session.lastUsedAt = now
                return try await issue(session, user)
            }
            // Somebody was faster, or the session ended just now.
            guard let current = try await store.session(claims.sid) else { throw APIError.invalidRefreshToken }
            session = current
        }
        if session.generation == generation + 1, now - session.lastUsedAt <= Self.reuseGrace {
            return try await issue(session, user)
        }
        guard session.generation > generation else { throw APIError.invalidRefreshToken }
        logger.warning(
            "a refresh token was used twice: its session is ended",
            metadata: ["user": "\(user.id)", "session": "\(session.id)"])
        try await end(session.id, of: user.id)
        throw APIError.invalidRefreshToken
    }

    func end(_ session: UUID, of user: UUID) async throws {
        try await store.endSession(session, of: user, at: clock.now)
        await changes.announce(user)
    }

    func endAll(of user: UUID) async throws {
        try await store.endSessions(of: user, at: clock.now)
        await changes.announce(user)
    }

    private func issue(_ session: Session, _ user: User) async throws -> SessionTokens {
        SessionTokens(
            accessToken: try await tokens.token(.access, user: user.id, session: session.id),
            refreshToken: try await tokens.token(
                .refresh, user: user.id, session: session.id, generation: session.generation,
                issuedAt: session.lastUsedAt),
            user: UserProfile(user: user))
    }
}

extension APIError {
    static let wrongPassword = APIError(
        status: .unauthorized, kind: .invalidRequest, code: "invalid_credentials",
        message: "The e-mail address or the password is wrong.",
        headers: [.wwwAuthenticate: "Bearer realm=\"chatgpt-backend\""])

    static let accountInactive = APIError(
        status: .forbidden, kind: .invalidRequest, code: "account_inactive", message: "This account is switched off.")
}
