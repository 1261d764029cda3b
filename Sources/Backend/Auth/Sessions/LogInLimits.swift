import FoundationEssentials
import HTTPTypes

/// How often passwords may be tried, accounts made and mails asked for, by address and by account.
///
/// A limit per account lets a stranger hold its owner off for some minutes; without it, one who has many addresses has as many
/// tries. What a right password used up is given back, so that nobody is limited who knows it.
struct LogInLimits: Sendable {
    /// Wrong passwords for one account.
    static let account = RateLimit(10, per: .seconds(15 * 60))
    /// Wrong passwords from one address, behind which there may be an office.
    static let address = RateLimit(60, per: .seconds(15 * 60))
    static let registrations = RateLimit(20, per: .seconds(3600))
    static let mailsToAccount = RateLimit(3, per: .seconds(3600))
    static let mailsFromAddress = RateLimit(20, per: .seconds(3600))

    let limiter: any RateLimiter

    /// An attempt that was counted as one that fails.
    struct Attempt: Sendable {
        fileprivate let limiter: any RateLimiter
        fileprivate let charges: [RateLimitCharge]

        /// Gives back what it used up.
        func succeed() async {
            for charge in charges { await limiter.adjust(charge.key, by: -charge.cost, limit: charge.limit) }
        }
    }

    /// - Throws: ``APIError``, 429, as the others do.
    func logIn(from address: ClientAddress, account: UserEmail) async throws -> Attempt {
        try await take([
            RateLimitCharge("login:account:\(Self.name(account))", limit: Self.account),
            RateLimitCharge("login:address:\(address)", limit: Self.address),
        ])
    }

    func registration(from address: ClientAddress) async throws {
        _ = try await take([RateLimitCharge("register:address:\(address)", limit: Self.registrations)])
    }

    /// Counts for accounts that do not exist as well: the answer must not tell.
    func forgottenPassword(from address: ClientAddress, account: UserEmail) async throws {
        _ = try await take([
            RateLimitCharge("reset-mail:account:\(Self.name(account))", limit: Self.mailsToAccount),
            RateLimitCharge("reset-mail:address:\(address)", limit: Self.mailsFromAddress),
        ])
    }

    func passwordReset(from address: ClientAddress) async throws {
        _ = try await take([RateLimitCharge("reset:address:\(address)", limit: Self.address)])
    }

    /// A password that a session is asked for again.
    func passwordCheck(of user: UUID) async throws {
        _ = try await take([RateLimitCharge("password:user:\(user)", limit: Self.account)])
    }

    private func take(_ charges: [RateLimitCharge]) async throws -> Attempt {
        let outcome = await limiter.take(charges)
        guard outcome.isAllowed else { throw APIError.tooManyAttempts(retryAfter: outcome.retryAfter ?? .seconds(60)) }
        return Attempt(limiter: limiter, charges: charges)
    }

    /// The limiter may be a Redis that others read: no addresses there.
    private static func name(_ account: UserEmail) -> String {
        Base64URL.encode(Array(SHA256Digest(of: account.description).bytes.prefix(16)))
    }
}

extension APIError {
    fileprivate static func tooManyAttempts(retryAfter: Duration) -> APIError {
        let seconds = max(1, Int((retryAfter / .seconds(1)).rounded(.up)))
        return APIError(
            status: .tooManyRequests, kind: .invalidRequest, code: "too_many_attempts",
            message: "Too many attempts; try again in \(seconds) seconds.", headers: [.retryAfter: String(seconds)])
    }
}
