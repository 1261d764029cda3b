import FoundationEssentials
import HTTPTypes
import Logging
import ServiceLifecycle

/// Forgotten passwords: a mail with a token that is good once, for half an hour.
final class PasswordResets: Service {
    /// Requests that wait to be looked at; each is a few queries.
    private static let queueLimit = 256

    private let store: Store
    private let hasher: PasswordHasher
    private let changes: AccountChanges
    private let notices: AccountNotices
    private let clock: WallClock
    private let logger: Logger
    private let requests: AsyncStream<UserEmail>
    private let queue: AsyncStream<UserEmail>.Continuation

    init(
        store: Store, hasher: PasswordHasher, changes: AccountChanges, notices: AccountNotices, clock: WallClock,
        logger: Logger
    ) {
        self.store = store
        self.hasher = hasher
        self.changes = changes
        self.notices = notices
        self.clock = clock
        self.logger = logger
        (requests, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.queueLimit))
    }

    /// Sees to it that a mail goes to the account of that address, if there is one. Returns at once.
    /// - Throws: ``APIError``, 503, when no mail can be sent, or too many wait.
    func request(for email: UserEmail) throws(APIError) {
        guard notices.canSend else { throw .mailUnavailable }
        guard case .enqueued = queue.yield(email) else { throw .mailOverloaded }
    }

    /// Sets the password of whom the token was sent to; all sessions end.
    /// - Throws: ``APIError``, 400 for a token that is not good, or no longer.
    func reset(token text: Secret, to password: Secret) async throws {
        let token = OneTimeToken(text.value, for: .passwordReset)
        guard let user = try await store.user(with: token, at: clock.now) else { throw APIError.invalidResetToken }
        try PasswordRule.check(password, for: user.email, field: "new_password")
        let hash = try await hasher.hash(password.value)
        guard
            try await store.setPassword(of: user.id, to: hash, keeping: nil, using: token, at: clock.now)
        else { throw APIError.invalidResetToken }
        await changes.announce(user.id)
        notices.passwordChanged(user)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await email in requests {
                do {
                    try await send(to: email)
                } catch {
                    logger.error("a password reset could not be prepared", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func send(to email: UserEmail) async throws {
        guard let user = try await store.user(email: email), user.isActive else { return }
        let token = OneTimeToken(for: .passwordReset)
        try await store.insert(token, for: user.id, at: clock.now)
        notices.passwordReset(user, token)
    }
}

extension APIError {
    static let invalidResetToken = APIError(
        status: .badRequest, kind: .invalidRequest, code: "invalid_token",
        message: "This token is not valid, or no longer; ask for another mail.", param: "token")

    static let mailUnavailable = APIError(
        status: .serviceUnavailable, kind: .server, code: "mail_unavailable",
        message: "This service sends no mail; ask an administrator for another password.")

    static let mailOverloaded = APIError(
        status: .serviceUnavailable, kind: .server, code: "overloaded",
        message: "Too many mails wait to be sent; try again in a minute.", headers: [.retryAfter: "60"])
}
