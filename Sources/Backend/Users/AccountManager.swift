import FoundationEssentials
import HTTPTypes

/// Accounts: how they come, change and go.
struct AccountManager: Sendable {
    let store: Store
    let hasher: PasswordHasher
    let changes: AccountChanges
    let notices: AccountNotices
    let registration: RegistrationPolicy
    let clock: WallClock

    /// - Throws: ``APIError``, 409, when there is an account of that address.
    func register(email: UserEmail, name: String, password: Secret) async throws -> User {
        // Looked for before a core is spent on hashing; the table's own rule decides.
        guard try await store.user(email: email) == nil else { throw APIError.emailTaken }
        let hash = try await hasher.hash(password.value)
        let now = clock.now
        let user = User(
            id: .version7(now), email: email, name: name, passwordHash: hash.text, role: .user, isActive: true,
            createdAt: now, updatedAt: now, passwordChangedAt: now)
        try await refusingTakenEmail { try await store.insert(user) }
        return user
    }

    /// The user who sends a request.
    func user(_ caller: Caller) async throws -> User {
        // Deleted since the caller was looked up.
        guard let user = try await store.user(caller.userID) else { throw APIError.invalidAccessToken }
        return user
    }

    func update(_ caller: Caller, _ request: UpdateProfileRequest) async throws -> User {
        var user = try await user(caller)
        if let email = request.email, email != user.email {
            guard let password = request.currentPassword else {
                throw APIError.invalidField(
                    "current_password", "is needed to change the address", code: "missing_required_parameter")
            }
            try await check(password, of: user, field: "current_password")
            user.email = email
        }
        if let name = request.name { user.name = name.text }
        user.updatedAt = clock.now
        let isThere = try await refusingTakenEmail {
            try await store.update(user.id, name: user.name, email: user.email, at: user.updatedAt)
        }
        guard isThere else { throw APIError.invalidAccessToken }
        return user
    }

    /// Sets another password; all other sessions end.
    func changePassword(_ caller: Caller, session: UUID, _ request: ChangePasswordRequest) async throws {
        let user = try await user(caller)
        try PasswordRule.check(request.newPassword, for: user.email, field: "new_password")
        try await check(request.currentPassword, of: user, field: "current_password")
        let hash = try await hasher.hash(request.newPassword.value)
        guard try await store.setPassword(of: user.id, to: hash, keeping: session, at: clock.now) else {
            throw APIError.invalidAccessToken
        }
        await changes.announce(user.id)
        notices.passwordChanged(user)
    }

    /// Deletes the caller's account with everything in it.
    func delete(_ caller: Caller, password: Secret) async throws {
        let user = try await user(caller)
        try await check(password, of: user, field: "password")
        try await delete(user.id)
    }

    /// Deletes an account with everything in it.
    /// - Throws: ``APIError``: 404, or 409 for the last active admin.
    func delete(_ id: UUID) async throws {
        try check(try await store.deleteUser(id, at: clock.now))
        await changes.announce(id)
    }

    /// Sets role and activity.
    /// - Throws: As ``delete(_:)``.
    func administer(_ id: UUID, _ request: AdministerUserRequest) async throws -> User {
        guard let user = try await store.user(id) else { throw APIError.userNotFound }
        let outcome = try await store.administer(
            id, role: request.role ?? user.role, isActive: request.isActive ?? user.isActive, at: clock.now)
        try check(outcome)
        await changes.announce(id)
        guard let changed = try await store.user(id) else { throw APIError.userNotFound }
        return changed
    }

    private func check(_ outcome: Store.AdministrationOutcome) throws(APIError) {
        switch outcome {
        case .done: break
        case .noSuchUser: throw .userNotFound
        case .lastAdmin: throw .lastAdmin
        }
    }

    /// Asks for the password again where a stolen session must not be enough.
    private func check(_ password: Secret, of user: User, field: String) async throws {
        guard password.value.utf8.count <= PasswordRule.maximumBytes,
            try await hasher.verify(password.value, against: PasswordHash(user.passwordHash)) != .wrong
        else {
            throw APIError(
                status: .forbidden, kind: .invalidRequest, code: "wrong_password", message: "\(field) is wrong.",
                param: field)
        }
    }

    private func refusingTakenEmail<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as DatabaseError {
            guard error.code == .uniqueViolation else { throw error }
            throw APIError.emailTaken
        }
    }
}

extension APIError {
    static let emailTaken = APIError(
        status: .conflict, kind: .invalidRequest, code: "email_taken", message: "There is an account of this address.",
        param: "email")

    static let userNotFound = APIError(
        status: .notFound, kind: .invalidRequest, code: "user_not_found", message: "There is no such user.")

    static let lastAdmin = APIError(
        status: .conflict, kind: .invalidRequest, code: "last_admin",
        message: "This is the only active admin; make another one first.")
}
