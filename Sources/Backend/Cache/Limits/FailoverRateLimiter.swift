/// Limits in Redis while it answers, and in this process while it does not.
///
/// The two do not know of each other's charges: at each change, what was used in the current period is forgotten once, and while
/// Redis is away each replica allows the whole limit.
struct FailoverRateLimiter: RateLimiter {
    private let redis: RedisRateLimiter
    private let memory: MemoryRateLimiter
    private let metrics: RateLimitMetrics

    init(_ redis: RedisRateLimiter, _ memory: MemoryRateLimiter, metrics: RateLimitMetrics) {
        self.redis = redis
        self.memory = memory
        self.metrics = metrics
    }

    func take(_ charges: [RateLimitCharge]) async -> RateLimitOutcome {
        do {
            let outcome = try await redis.take(charges)
            metrics.record(outcome, .redis)
            return outcome
        } catch {
            let outcome = memory.takeNow(charges)
            metrics.record(outcome, .memory)
            return outcome
        }
    }

    func adjust(_ key: String, by delta: Int, limit: RateLimit) async {
        do {
            try await redis.adjust(key, by: delta, limit: limit)
        } catch {
            await memory.adjust(key, by: delta, limit: limit)
        }
    }
}

/// Limits in this process, counted.
struct LocalRateLimiter: RateLimiter {
    private let memory: MemoryRateLimiter
    private let metrics: RateLimitMetrics

    init(_ memory: MemoryRateLimiter, metrics: RateLimitMetrics) {
        self.memory = memory
        self.metrics = metrics
    }

    func take(_ charges: [RateLimitCharge]) async -> RateLimitOutcome {
        let outcome = memory.takeNow(charges)
        metrics.record(outcome, .memory)
        return outcome
    }

    func adjust(_ key: String, by delta: Int, limit: RateLimit) async {
        await memory.adjust(key, by: delta, limit: limit)
    }
}
