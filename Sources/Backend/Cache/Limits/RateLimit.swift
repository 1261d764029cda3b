/// How much may be used in how long: `count` at once, and `count` in each `period` over time.
struct RateLimit: Sendable, Hashable {
    let count: Int
    let period: Duration

    /// - Parameters:
    ///   - count: 1 or more; less counts as 1.
    ///   - period: A microsecond or more.
    init(_ count: Int, per period: Duration) {
        self.count = max(1, count)
        self.period = max(period, .microseconds(1))
    }

    /// The period in microseconds.
    var periodMicroseconds: Double { period.microsecondCount }
}

/// Something that a request uses up.
struct RateLimitCharge: Sendable, Hashable {
    /// Who uses what, such as `user:42:tokens`.
    let key: String
    /// 0 asks how things are, and is refused while more was used than allowed.
    let cost: Int
    let limit: RateLimit

    init(_ key: String, cost: Int = 1, limit: RateLimit) {
        self.key = key
        self.cost = max(0, cost)
        self.limit = limit
    }
}

/// How one limit stands, after the charge if it was made.
struct RateLimitDecision: Sendable, Equatable {
    /// Whether this limit allows its charge.
    var isAllowed: Bool
    var limit: RateLimit
    /// What could be used now.
    var remaining: Int
    /// Until everything could be used again, if nothing is used meanwhile.
    var resetAfter: Duration
    /// Until the charge would be allowed: zero when it is, nil when it never will, being above the limit itself.
    var retryAfter: Duration?
}

/// How all limits of a request stand.
struct RateLimitOutcome: Sendable, Equatable {
    /// In the order of the charges.
    var decisions: [RateLimitDecision]

    /// Whether all charges were made; otherwise none was.
    var isAllowed: Bool { decisions.allSatisfy(\.isAllowed) }

    /// Until all charges would be allowed; nil when one never will.
    var retryAfter: Duration? {
        var longest = Duration.zero
        for decision in decisions {
            guard let wait = decision.retryAfter else { return nil }
            longest = max(longest, wait)
        }
        return longest
    }
}

extension Duration {
    var microsecondCount: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1e6 + Double(attoseconds) * 1e-12
    }
}
