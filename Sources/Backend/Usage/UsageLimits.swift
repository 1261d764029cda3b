import FoundationEssentials
import HTTPTypes

/// Holds requests to the limits of their user and their API key, before anything is asked of a model.
struct UsageLimits: Sendable {
    let settings: UsageLimitSettings
    let limiter: any RateLimiter

    private static let period = Duration.seconds(60)

    /// Charges one request and its estimated tokens.
    /// - Throws: ``APIError``, 429 with `Retry-After` and the limits' headers.
    func admit(_ caller: Caller, estimatedTokens: Int) async throws -> UsageAdmission {
        var charges: [RateLimitCharge] = []
        var kinds: [UsageAdmission.Kind] = []
        func add(_ count: Int?, _ kind: UsageAdmission.Kind, _ holder: String, cost: Int) {
            guard let count else { return }
            // An estimate above the whole limit must wait for all of it, not for ever.
            charges.append(
                RateLimitCharge(
                    "\(holder):\(kind.rawValue)", cost: min(cost, count), limit: RateLimit(count, per: Self.period)))
            kinds.append(kind)
        }
        let user = "user:\(caller.userID.uuidString)"
        add(settings.userRequests, .requests, user, cost: 1)
        add(settings.userTokens, .tokens, user, cost: estimatedTokens)
        if case .apiKey(let id) = caller.credential, settings.keyRequests != nil || settings.keyTokens != nil {
            let key = "key:\(id.uuidString)"
            add(settings.keyRequests, .requests, key, cost: 1)
            add(settings.keyTokens, .tokens, key, cost: estimatedTokens)
        }
        guard !charges.isEmpty else { return UsageAdmission(limiter: limiter) }
        let outcome = await limiter.take(charges)
        let admission = UsageAdmission(limiter: limiter, charges: charges, kinds: kinds, decisions: outcome.decisions)
        guard outcome.isAllowed else { throw admission.refusal(retryAfter: outcome.retryAfter) }
        return admission
    }
}

/// A request that was let through, and what was charged for it.
struct UsageAdmission: Sendable {
    enum Kind: String, Sendable {
        case requests, tokens
    }

    private let limiter: any RateLimiter
    private let charges: [RateLimitCharge]
    private let kinds: [Kind]
    private let decisions: [RateLimitDecision]

    init(
        limiter: any RateLimiter, charges: [RateLimitCharge] = [], kinds: [Kind] = [],
        decisions: [RateLimitDecision] = []
    ) {
        self.limiter = limiter
        self.charges = charges
        self.kinds = kinds
        self.decisions = decisions
    }

    /// Corrects the charge to what was used.
    func settle(tokens: Int) async {
        for (index, charge) in charges.enumerated() where kinds[index] == .tokens && charge.cost != tokens {
            await limiter.adjust(charge.key, by: tokens - charge.cost, limit: charge.limit)
        }
    }

    /// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`: of the limit that is closest to being reached.
    func addHeaders(to headers: inout HTTPFields) {
        for kind in [Kind.requests, .tokens] {
            var tightest: RateLimitDecision?
            for (index, decision) in decisions.enumerated() where kinds[index] == kind {
                if tightest.map({ decision.remaining < $0.remaining }) ?? true { tightest = decision }
            }
            guard let tightest else { continue }
            let names = kind == .requests ? RateLimitFieldNames.requests : RateLimitFieldNames.tokens
            headers[names.limit] = String(tightest.limit.count)
            headers[names.remaining] = String(tightest.remaining)
            headers[names.reset] = Self.text(tightest.resetAfter)
        }
    }

    fileprivate func refusal(retryAfter: Duration?) -> APIError {
        let index = decisions.firstIndex { !$0.isAllowed } ?? 0
        let wait = retryAfter ?? decisions[index].resetAfter
        var error = APIError(
            status: .tooManyRequests, kind: kinds[index] == .requests ? .requests : .tokens,
            code: "rate_limit_exceeded",
            message: "The limit of \(decisions[index].limit.count) \(kinds[index].rawValue) per minute is reached; "
                + "try again in \(wait.wholeSeconds) s.")
        addHeaders(to: &error.headers)
        error.headers[.retryAfter] = wait.wholeSeconds
        return error
    }

    /// As OpenAI writes durations: `12ms`, `7.66s`, `6m0s`.
    static func text(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        let minutes = milliseconds / 60_000
        let hundredths = milliseconds % 60_000 / 10
        let fraction = hundredths % 100
        let seconds =
            fraction == 0 ? "\(hundredths / 100)s" : "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)s"
        return minutes > 0 ? "\(minutes)m\(seconds)" : seconds
    }
}

/// The names of the headers of one kind of limit; made once.
private struct RateLimitFieldNames: Sendable {
    let limit, remaining, reset: HTTPField.Name

    static let requests = RateLimitFieldNames("requests")
    static let tokens = RateLimitFieldNames("tokens")

    private init(_ kind: String) {
        func name(_ what: String) -> HTTPField.Name {
            guard let name = HTTPField.Name("x-ratelimit-\(what)-\(kind)") else {
                preconditionFailure("a header's name is a token")
            }
            return name
        }
        (limit, remaining, reset) = (name("limit"), name("remaining"), name("reset"))
    }
}
