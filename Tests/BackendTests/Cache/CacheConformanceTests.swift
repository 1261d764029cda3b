import Logging
import Observability
import Testing

@testable import Backend

/// What the suites of this folder run on: Redis, or the memory of the process.
enum CacheBacking: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory, redis

    var testDescription: String { rawValue }

    /// One for all tests that leave it as it is; ended with the process.
    static let server = Result { try RedisServer() }

    func configuration() throws -> RedisConfiguration? {
        self == .memory ? nil : try Self.server.get().configuration()
    }

    func with<Value: Sendable>(_ body: (CacheServices) async throws -> Value) async throws -> Value {
        try await CacheServices.with(try configuration(), body: body)
    }
}

@Suite("Cache", .timeLimit(.minutes(10)))
struct CacheConformanceTests {
    private struct Person: Codable, Equatable {
        var name: String
    }

    private struct Broken: Error {}

    /// A name that no other test uses.
    private static func name() -> String { "\(UInt64.random(in: .min ... .max))" }

    @Test("A value is there until it is replaced or removed, whatever bytes it has", arguments: CacheBacking.allCases)
    func values(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (cache, key) = (services.cache, CacheKey.user(Self.name()))
            #expect(await cache.get(key) == nil)
            await cache.set([], for: key)
            #expect(await cache.get(key) == [])
            await cache.set([0, 13, 10, 255], for: key)
            #expect(await cache.get(key) == [0, 13, 10, 255])
            await cache.add([1], for: key)
            #expect(await cache.get(key) == [0, 13, 10, 255])
            // Another kind's entry of the same name is another entry.
            #expect(await cache.get(.conversation(key.identifier)) == nil)
            await cache.remove(key)
            #expect(await cache.get(key) == nil)
            await cache.set([7], for: key)
            #expect(await cache.get(key) == [7])
        }
    }

    @Test("What was read before a removal does not come back after it", arguments: CacheBacking.allCases)
    func removalHolds(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (cache, key) = (services.cache, CacheKey.user(Self.name()))
            let value = try await cache.getOrCompute(key) {
                // Read, and changed by somebody before it is put.
                await cache.remove(key)
                return [1]
            }
            #expect(value == [1])
            #expect(await cache.get(key) == nil)
            // A removal of what was never there holds as well.
            let other = CacheKey.user(Self.name())
            await cache.remove(other)
            await cache.add([1], for: other)
            #expect(await cache.get(other) == nil)
        }
    }

    @Test("Many who miss at once compute once; errors are shared and not kept", arguments: CacheBacking.allCases)
    func singleFlight(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (cache, key) = (services.cache, CacheKey.models(Self.name()))
            let computed = CacheTally()
            let asked = CacheTally()
            let values = try await withThrowingTaskGroup(of: [UInt8]?.self) { tasks in
                for _ in 0..<50 {
                    tasks.addTask {
                        asked.add()
                        return try await cache.getOrCompute(key) {
                            computed.add()
                            _ = await eventually { asked.count == 50 }
                            return [9]
                        }
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(values == Array(repeating: [9], count: 50))
            #expect(computed.count == 1)

            let failing = CacheKey.models(Self.name())
            await #expect(throws: Broken.self) { try await cache.getOrCompute(failing) { throw Broken() } }
            #expect(try await cache.getOrCompute(failing) { nil } == nil)
            #expect(try await cache.getOrCompute(failing) { [3] } == [3])
            #expect(try await cache.getOrCompute(failing) { throw Broken() } == [3])
        }
    }

    @Test("A removal ends the sharing of what was begun before it", arguments: CacheBacking.allCases)
    func removalDuringFlight(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (cache, key) = (services.cache, CacheKey.user(Self.name()))
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            let (released, release) = AsyncStream.makeStream(of: Void.self)
            let first = Task {
                try await cache.getOrCompute(key) {
                    start.yield()
                    _ = await released.first { _ in true }
                    return [1]
                }
            }
            _ = await started.first { _ in true }
            await cache.remove(key)
            #expect(try await cache.getOrCompute(key) { [2] } == [2])
            release.yield()
            #expect(try await first.value == [1])
        }
    }

    @Test("A cancelled caller leaves the others with a value")
    func cancelledLeader() async throws {
        let flights = SingleFlight()
        let key = CacheKey.user("x")
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let leader = Task {
            try await flights.join(key) {
                start.yield()
                try await Task.sleep(for: .seconds(600))
                return [1]
            }
        }
        _ = await started.first { _ in true }
        let (joined, join) = AsyncStream.makeStream(of: Void.self)
        let follower = Task {
            join.yield()
            return try await flights.join(key) { [2] }
        }
        _ = await joined.first { _ in true }
        leader.cancel()
        #expect(try await follower.value == [2])
        await #expect(throws: CancellationError.self) { try await leader.value }
    }

    @Test("Values are kept as JSON, and what another version wrote is no value", arguments: CacheBacking.allCases)
    func typed(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (cache, key) = (services.cache, CacheKey.user(Self.name()))
            #expect(try await cache.value(for: key) { Person(name: "Ada") } == Person(name: "Ada"))
            #expect(try await cache.value(for: key, as: Person.self) { throw Broken() } == Person(name: "Ada"))
            await cache.set(Array("[]".utf8), for: key)
            #expect(try await cache.value(for: key) { Person(name: "Eve") } == Person(name: "Eve"))
            #expect(try await cache.value(for: .user(Self.name()), as: Person.self) { nil } == nil)
        }
    }

    @Test("A value that is too large is not kept, nor what it was to replace", arguments: CacheBacking.allCases)
    func large(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (cache, key) = (services.cache, CacheKey.user(Self.name()))
            let large = [UInt8](repeating: 1, count: CacheRules.valueLimit)
            await cache.set(large, for: key)
            #expect(await cache.get(key) == large)
            await cache.set(large + [1], for: key)
            #expect(await cache.get(key) == nil)
        }
    }

    @Test("Redis is told the guide's times")
    func redisLifetimes() async throws {
        let configuration = try CacheBacking.server.get().configuration()
        try await CacheServices.with(configuration) { services async throws in
            let client = try RedisClient(configuration, registry: PrometheusRegistry(), logger: CacheLog().logger)
            let run = Task { try await client.run() }
            defer { run.cancel() }
            try #require(await eventually { client.isAvailable })
            let name = Self.name()
            for (key, seconds) in [(CacheKey.user(name), 3_600), (.conversation(name), 1_800), (.models(name), 86_400)]
            {
                await services.cache.set([1], for: key)
                let lifetime = try await client.send(RedisCommand("TTL", [.text(key.text)])).integer
                #expect(lifetime.map { (seconds - 60...seconds).contains(Int($0)) } == true)
            }
        }
    }

    @Test("Hits and misses are counted", arguments: CacheBacking.allCases)
    func metrics(backing: CacheBacking) async throws {
        let registry = PrometheusRegistry()
        try await CacheServices.with(try backing.configuration(), registry: registry) { services async throws in
            let key = CacheKey.conversation(Self.name())
            _ = await services.cache.get(key)
            await services.cache.set([1], for: key)
            for _ in 0..<2 { _ = await services.cache.get(key) }
            let text = registry.render()
            #expect(text.contains("cache_requests_total{cache=\"conversation\",result=\"hit\"} 2\n"))
            #expect(text.contains("cache_requests_total{cache=\"conversation\",result=\"miss\"} 1\n"))
            #expect(text.contains("cache_requests_total{cache=\"conversation\",result=\"error\"} 0\n"))
            #expect(text.contains("redis_up 1\n") == (backing == .redis))
            #expect(services.redisState == (backing == .redis ? .ok : .notConfigured))
        }
    }
}

@Suite("Cache in memory", .timeLimit(.minutes(10)))
struct MemoryCacheTests {
    private func cache(
        _ clock: CacheTestClock, byteLimit: Int = 1_000_000, longest: Duration? = nil
    ) -> MemoryCache {
        MemoryCache(
            byteLimit: byteLimit, longestLifetime: longest, time: ElapsedTime(clock),
            metrics: CacheMetrics(registry: PrometheusRegistry()))
    }

    @Test(
        "Entries live for the guide's times, and for half a minute where other replicas may change the data",
        arguments: [
            (CacheKey.user("x"), 3_600), (.conversation("x"), 1_800), (.models("x"), 86_400), (.credential("x"), 60),
        ])
    func lifetimes(key: CacheKey, seconds: Int) async {
        let clock = CacheTestClock()
        for (cache, lifetime) in [
            (cache(clock), Duration.seconds(seconds)),
            (cache(clock, longest: MemoryCache.sharedLifetime), .seconds(30)),
        ] {
            await cache.set([1], for: key)
            clock.advance(by: lifetime - .milliseconds(1))
            #expect(await cache.get(key) == [1])
            clock.advance(by: .milliseconds(1))
            #expect(await cache.get(key) == nil)
        }
    }

    @Test("An entry's place is held empty after a removal for its time and no longer")
    func hold() async {
        let clock = CacheTestClock()
        let cache = cache(clock)
        await cache.remove(.user("x"))
        clock.advance(by: CacheRules.removalHold - .milliseconds(1))
        await cache.add([1], for: .user("x"))
        #expect(await cache.get(.user("x")) == nil)
        clock.advance(by: .milliseconds(1))
        await cache.add([1], for: .user("x"))
        #expect(await cache.get(.user("x")) == [1])
    }

    @Test("What was not used for longest goes when there is no room")
    func bound() async {
        let cache = cache(CacheTestClock(), byteLimit: 4_000)
        for name in ["a", "b", "c"] { await cache.set([UInt8](repeating: 1, count: 1_000), for: .user(name)) }
        #expect(await cache.get(.user("a")) != nil)
        await cache.set([UInt8](repeating: 1, count: 1_000), for: .user("d"))
        #expect(await cache.get(.user("a")) != nil)
        #expect(await cache.get(.user("b")) == nil)
        #expect(await cache.get(.user("c")) != nil)
    }

    @Test("Random use holds against a plain model")
    func model() {
        let seed = UInt64.random(in: .min ... .max)
        print("LRU seed: \(seed)")
        var generator = SeededGenerator(seed: seed)
        var entries = ExpiringLRU<Int, Int>(costLimit: 50)
        // Oldest first.
        var model: [(key: Int, value: Int, cost: Int, expiry: Int)] = []
        for now in 0..<20_000 {
            let key = Int.random(in: 0..<20, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                let cost = Int.random(in: 1...55, using: &generator)
                let expiry = now + Int.random(in: 1...100, using: &generator)
                entries.set(now, for: key, cost: cost, expiry: .seconds(expiry))
                model.removeAll { $0.key == key }
                if cost <= 50 {
                    while model.reduce(cost, { $0 + $1.cost }) > 50 { model.removeFirst() }
                    model.append((key, now, cost, expiry))
                }
            case 1:
                entries.remove(key)
                model.removeAll { $0.key == key }
            default:
                var expected: Int?
                if let index = model.firstIndex(where: { $0.key == key }) {
                    let entry = model.remove(at: index)
                    if entry.expiry > now {
                        model.append(entry)
                        expected = entry.value
                    }
                }
                #expect(entries.value(for: key, now: .seconds(now)) == expected, "seed \(seed)")
            }
            #expect(entries.count == model.count && entries.cost == model.reduce(0) { $0 + $1.cost }, "seed \(seed)")
        }
    }
}
