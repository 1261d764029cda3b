/// The arithmetic of GCRA; see ``RateLimiter``. All times are microseconds.
///
/// ``RedisRateLimiter`` does the same in Lua; the conformance suite holds both to the same answers.
enum CellRate {
    /// What sums of fractions may be off by, so that the last of `count` charges is not refused for it. Far below the share of
    /// one unit for every limit that is not itself far beyond what can be served.
    static let tolerance = 0.5

    /// Tries a charge.
    /// - Parameter full: When all of the limit is free again; in the past when it is.
    /// - Returns: The new moment, or nil when the charge is not allowed.
    static func charge(full: Double, now: Double, cost: Int, limit: RateLimit) -> Double? {
        let next = max(full, now) + share(cost, limit)
        return next - now <= limit.periodMicroseconds + tolerance ? next : nil
    }

    /// The moment after a correction.
    static func adjusted(full: Double, now: Double, by delta: Int, limit: RateLimit) -> Double {
        let next = max(full, now) + share(delta, limit)
        return min(max(next, now), now + 2 * limit.periodMicroseconds)
    }

    /// What there is to say about a charge.
    /// - Parameter ahead: How far ahead the moment lies after it, or without it when it was not made.
    static func decision(_ charge: RateLimitCharge, isAllowed: Bool, ahead: Double) -> RateLimitDecision {
        let limit = charge.limit
        let period = limit.periodMicroseconds
        let ahead = max(0, ahead)
        let free = (period + tolerance - ahead) / period * Double(limit.count)
        let wait = ahead + share(charge.cost, limit) - period
        return RateLimitDecision(
            isAllowed: isAllowed, limit: limit, remaining: min(limit.count, max(0, Int(free))),
            resetAfter: .microseconds(Int64(ahead.rounded(.up))),
            retryAfter: isAllowed
                ? .zero : charge.cost > limit.count ? nil : .microseconds(Int64(max(1, wait).rounded(.up))))
    }

    private static func share(_ cost: Int, _ limit: RateLimit) -> Double {
        Double(cost) * limit.periodMicroseconds / Double(limit.count)
    }
}
