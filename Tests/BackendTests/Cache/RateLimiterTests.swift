import Observability
import Testing

@testable import Backend

@Suite("Rate limits", .timeLimit(.minutes(10)))
struct RateLimiterTests {
    private static func name() -> String { "\(UInt64.random(in: .min ... .max))" }

    @Test("A limit allows its count, says what remains and when it is over", arguments: CacheBacking.allCases)
    func count(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (limiter, key) = (services.limiter, Self.name())
            let limit = RateLimit(5, per: .seconds(3_600))
            for remaining in [4, 3, 2, 1, 0] {
                let decision = await limiter.take(key, limit: limit)
                #expect(decision.isAllowed)
                #expect(decision.remaining == remaining)
                #expect(decision.retryAfter == .zero)
                #expect(decision.resetAfter <= .seconds(720 * (5 - remaining)))
            }
            let refused = await limiter.take(key, limit: limit)
            #expect(!refused.isAllowed)
            #expect(refused.remaining == 0)
            #expect(refused.limit == limit)
            #expect(try #require(refused.retryAfter) <= .seconds(720))
            #expect(try #require(refused.retryAfter) > .seconds(600))
            #expect(await limiter.take(Self.name(), limit: limit).isAllowed)
        }
    }

    @Test("Several limits are charged together or not at all", arguments: CacheBacking.allCases)
    func several(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (limiter, name) = (services.limiter, Self.name())
            let requests = RateLimit(100, per: .seconds(3_600))
            // Slow enough to give nothing back while the test runs.
            let tokens = RateLimit(1_000, per: .seconds(86_400))
            func take(_ count: Int) async -> RateLimitOutcome {
                await limiter.take([
                    RateLimitCharge("\(name):requests", limit: requests),
                    RateLimitCharge("\(name):tokens", cost: count, limit: tokens),
                ])
            }
            #expect(await take(900).isAllowed)
            let refused = await take(200)
            #expect(!refused.isAllowed)
            #expect(refused.decisions.map(\.isAllowed) == [true, false])
            #expect(refused.decisions.map(\.remaining) == [99, 100])
            #expect(refused.retryAfter == refused.decisions[1].retryAfter)
            let allowed = await take(100)
            #expect(allowed.isAllowed)
            #expect(allowed.decisions.map(\.remaining) == [98, 0])
            // More than the limit itself never fits.
            #expect(await take(1_001).retryAfter == nil)
            #expect(await limiter.take([]).isAllowed)
        }
    }

    @Test(
        "Corrections give back what was charged too much, and owe what was too little", arguments: CacheBacking.allCases
    )
    func adjust(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (limiter, key) = (services.limiter, Self.name())
            let limit = RateLimit(1_000, per: .seconds(36_000))
            #expect(await limiter.take(key, cost: 800, limit: limit).isAllowed)
            await limiter.adjust(key, by: -300, limit: limit)
            #expect(await limiter.take(key, cost: 0, limit: limit).remaining == 500)
            await limiter.adjust(key, by: 600, limit: limit)
            let owing = await limiter.take(key, cost: 0, limit: limit)
            #expect(!owing.isAllowed)
            #expect(owing.remaining == 0)
            #expect(try #require(owing.retryAfter) > .seconds(3_500))
            // Debts end at once more the limit, and giving back at nothing used.
            await limiter.adjust(key, by: 1_000_000, limit: limit)
            #expect(await limiter.take(key, cost: 0, limit: limit).resetAfter <= .seconds(72_000))
            await limiter.adjust(key, by: -1_000_000, limit: limit)
            #expect(await limiter.take(key, cost: 1_000, limit: limit).isAllowed)
        }
    }

    @Test("What is allowed comes back over the period", arguments: CacheBacking.allCases)
    func refill(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (limiter, key) = (services.limiter, Self.name())
            let limit = RateLimit(2, per: .milliseconds(100))
            #expect(await limiter.take(key, cost: 2, limit: limit).isAllowed)
            #expect(await eventually { await limiter.take(key, cost: 2, limit: limit).isAllowed })
        }
    }

    @Test("Odd limits allow exactly their count at one moment", arguments: [1, 3, 7, 11, 60, 999, 4_096])
    func exact(count: Int) {
        let clock = CacheTestClock()
        clock.advance(by: .seconds(86_400))
        let limiter = MemoryRateLimiter(time: ElapsedTime(clock))
        let limit = RateLimit(count, per: .seconds(1))
        for number in 1...count {
            let decision = limiter.takeNow([RateLimitCharge("k", limit: limit)]).decisions[0]
            #expect(decision.isAllowed)
            #expect(decision.remaining == count - number)
        }
        let refused = limiter.takeNow([RateLimitCharge("k", limit: limit)]).decisions[0]
        #expect(!refused.isAllowed)
        // Waiting as long as it says is enough, and less is not.
        let wait = refused.retryAfter ?? .zero
        clock.advance(by: wait - .microseconds(2))
        #expect(!limiter.takeNow([RateLimitCharge("k", limit: limit)]).isAllowed)
        clock.advance(by: .microseconds(2))
        #expect(limiter.takeNow([RateLimitCharge("k", limit: limit)]).isAllowed)
    }

    @Test("A hundred at once on two replicas get the limit and no more", arguments: CacheBacking.allCases)
    func concurrent(backing: CacheBacking) async throws {
        try await backing.with { left async throws in
            func allowed(_ limiters: [any RateLimiter]) async -> Int {
                let name = Self.name()
                return await withTaskGroup(of: Int.self) { tasks in
                    for index in 0..<100 {
                        tasks.addTask {
                            var count = 0
                            for _ in 0..<10 {
                                let outcome = await limiters[index % limiters.count].take([
                                    RateLimitCharge("\(name):a", limit: RateLimit(250, per: .seconds(36_000))),
                                    RateLimitCharge(
                                        "\(name):b", cost: 2, limit: RateLimit(1_000, per: .seconds(36_000))),
                                ])
                                if outcome.isAllowed { count += 1 }
                            }
                            return count
                        }
                    }
                    return await tasks.reduce(0, +)
                }
            }
            guard backing == .redis else { return #expect(await allowed([left.limiter]) == 250) }
            try await backing.with { right in #expect(await allowed([left.limiter, right.limiter]) == 250) }
        }
    }

    @Test("Without Redis limits go on in memory, and are in Redis again when it is back")
    func failover() async throws {
        let server = try RedisServer()
        let registry = PrometheusRegistry()
        try await CacheServices.with(try server.configuration(), registry: registry) { services async throws in
            let limit = RateLimit(2, per: .seconds(3_600))
            func decisions() async -> [Bool] {
                var result: [Bool] = []
                for _ in 0..<3 { result.append(await services.limiter.take("k", limit: limit).isAllowed) }
                return result
            }
            #expect(await decisions() == [true, true, false])
            server.kill()
            #expect(await decisions() == [true, true, false])
            await services.limiter.adjust("k", by: -1, limit: limit)
            #expect(await decisions() == [true, false, false])
            try server.restart()
            try #require(await eventually { services.redisState == .ok })
            #expect(await decisions() == [true, true, false])
            #expect(registry.render().contains("rate_limit_decisions_total{keeper=\"redis\",outcome=\"refused\"} 2\n"))
            #expect(registry.render().contains("rate_limit_decisions_total{keeper=\"memory\",outcome=\"allowed\"} 3\n"))
        }
    }

    @Test("The keys in memory are bounded, and those in use stay")
    func bound() {
        let limiter = MemoryRateLimiter(keyLimit: 6_400, time: ElapsedTime(CacheTestClock()))
        let limit = RateLimit(10, per: .seconds(60))
        for _ in 0..<10 { _ = limiter.takeNow([RateLimitCharge("busy", limit: limit)]) }
        for number in 0..<50_000 { _ = limiter.takeNow([RateLimitCharge("\(number)", limit: limit)]) }
        #expect(limiter.keyCount <= 6_400)
        #expect(!limiter.takeNow([RateLimitCharge("busy", limit: limit)]).isAllowed)
    }
}
