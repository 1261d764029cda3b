/// Limits on what may be used in a time.
///
/// The rule is the generic cell rate algorithm (GCRA, ITU-T I.371): of each key only one moment is kept, that at which all of
/// the limit will be free again. A charge moves it on by its share of the period, and is allowed if it then lies no further
/// ahead than the period. That is a bucket which fills evenly: after a burst of `count`, what is allowed comes back piece by
/// piece, at no time more than `count` at once, and there is no window at whose border twice as much would pass. It takes
/// charges of any size, and what it knows is what OpenAI's `x-ratelimit-*` headers say.
///
/// Nothing here throws: with Redis lost, limits are kept per replica (``FailoverRateLimiter``).
protocol RateLimiter: Sendable {
    /// Makes all charges, or none of them if one is not allowed.
    func take(_ charges: [RateLimitCharge]) async -> RateLimitOutcome

    /// Corrects what was charged, once the real amount is known. What is above the limit is owed, up to once more the limit.
    /// - Parameter delta: What was used beyond the charge; negative to give back.
    func adjust(_ key: String, by delta: Int, limit: RateLimit) async
}

extension RateLimiter {
    /// Makes one charge.
    func take(_ key: String, cost: Int = 1, limit: RateLimit) async -> RateLimitDecision {
        let charge = RateLimitCharge(key, cost: cost, limit: limit)
        return await take([charge]).decisions.first ?? CellRate.decision(charge, isAllowed: true, ahead: 0)
    }
}
