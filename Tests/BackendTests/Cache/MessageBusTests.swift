import Observability
import Testing

@testable import Backend

@Suite("Message bus", .timeLimit(.minutes(10)))
struct MessageBusTests {
    private static func channel() -> BusChannel { BusChannel("\(UInt64.random(in: .min ... .max))") }

    @Test("Subscribers get what is published after they subscribed, in order", arguments: CacheBacking.allCases)
    func delivery(backing: CacheBacking) async throws {
        try await backing.with { services async throws in
            let (bus, channel) = (services.bus, Self.channel())
            await bus.publish([0], to: channel)
            let first = await bus.subscribe(to: channel)
            let second = await bus.subscribe(to: channel)
            let stranger = await bus.subscribe(to: Self.channel())
            for number in 1...100 { #expect(await bus.publish([UInt8(number)], to: channel)) }
            for subscription in [first, second] {
                var events = subscription.makeAsyncIterator()
                for number in 1...100 { #expect(await events.next() == .message([UInt8(number)])) }
            }
            stranger.cancel()
            #expect(await stranger.first { _ in true } == nil)
        }
    }

    @Test("A slow subscriber learns that it lost messages, then gets the newest", arguments: CacheBacking.allCases)
    func lag(backing: CacheBacking) async throws {
        let registry = PrometheusRegistry()
        try await CacheServices.with(try backing.configuration(), registry: registry) { services async throws in
            let (bus, channel) = (services.bus, Self.channel())
            let subscription = await bus.subscribe(to: channel)
            for number in 0...BusMailbox.messageLimit { await bus.publish([UInt8(number % 256)], to: channel) }
            await bus.publish([42], to: channel)
            var events = subscription.makeAsyncIterator()
            #expect(await events.next() == .lagged)
            #expect(await events.next() == .message([42]))
            for _ in 0..<2 { await bus.publish([UInt8](repeating: 1, count: BusMailbox.byteLimit), to: channel) }
            #expect(await events.next() == .lagged)
            #expect(registry.render().contains("message_bus_lags_total 2\n"))
        }
    }

    @Test("A subscription ends with its task, with cancel, and when nobody holds it", arguments: CacheBacking.allCases)
    func ends(backing: CacheBacking) async throws {
        let registry = PrometheusRegistry()
        try await CacheServices.with(try backing.configuration(), registry: registry) { services async throws in
            let (bus, channel) = (services.bus, Self.channel())
            let task = Task {
                for await _ in await bus.subscribe(to: channel) {}
                return Task.isCancelled
            }
            let held = await bus.subscribe(to: channel)
            try #require(await eventually { registry.render().contains("message_bus_subscribers 2\n") })
            task.cancel()
            #expect(await task.value)
            held.cancel()
            held.cancel()
            #expect(await held.first { _ in true } == nil)
            #expect(await eventually { registry.render().contains("message_bus_subscribers 0\n") })
        }
    }

    @Test("Two replicas hear each other, and each its own messages once")
    func replicas() async throws {
        let configuration = try CacheBacking.server.get().configuration()
        try await CacheServices.with(configuration) { left async throws in
            try await CacheServices.with(configuration) { right async throws in
                let channel = Self.channel()
                let subscriptions = [await left.bus.subscribe(to: channel), await right.bus.subscribe(to: channel)]
                #expect(await left.bus.publish([1], to: channel))
                for subscription in subscriptions {
                    var events = subscription.makeAsyncIterator()
                    #expect(await events.next() == .message([1]))
                }
                #expect(await right.bus.publish([2], to: channel))
                for subscription in subscriptions {
                    var events = subscription.makeAsyncIterator()
                    #expect(await events.next() == .message([2]))
                }
            }
        }
    }

    @Test("Services on two databases of one Redis do not hear each other")
    func databases() async throws {
        let server = try CacheBacking.server.get()
        try await CacheServices.with(try server.configuration()) { left async throws in
            try await CacheServices.with(try server.configuration(database: 3)) { right async throws in
                let channel = Self.channel()
                var events = await right.bus.subscribe(to: channel).makeAsyncIterator()
                await left.bus.publish([1], to: channel)
                await right.bus.publish([2], to: channel)
                #expect(await events.next() == .message([2]))
                let key = CacheKey.user(channel.name)
                await left.cache.set([1], for: key)
                #expect(await right.cache.get(key) == nil)
            }
        }
    }

    @Test("After Redis was away, subscribers are told so and hear other replicas again")
    func reconnects() async throws {
        let server = try RedisServer()
        try await CacheServices.with(try server.configuration()) { left async throws in
            try await CacheServices.with(try server.configuration()) { right async throws in
                let channel = Self.channel()
                var events = await right.bus.subscribe(to: channel).makeAsyncIterator()
                await left.bus.publish([1], to: channel)
                #expect(await events.next() == .message([1]))
                server.kill()
                try #require(await eventually { left.redisState == .unavailable && right.redisState == .unavailable })
                #expect(await left.bus.publish([2], to: channel) == false)
                // Within the replica, messages go on meanwhile; who subscribes now is told later as well.
                #expect(await right.bus.publish([3], to: channel) == false)
                #expect(await events.next() == .message([3]))
                var late = await left.bus.subscribe(to: channel).makeAsyncIterator()
                try server.restart()
                #expect(await events.next() == .reconnected)
                #expect(await late.next() == .reconnected)
                try #require(await eventually { await left.bus.publish([4], to: channel) })
                #expect(await events.next() == .message([4]))
            }
        }
    }

    @Test("Many channels at once are all subscribed")
    func manyChannels() async throws {
        let configuration = try CacheBacking.server.get().configuration()
        try await CacheServices.with(configuration) { left async throws in
            try await CacheServices.with(configuration) { right async throws in
                let channels = (0..<1_000).map { _ in Self.channel() }
                let subscriptions = await withTaskGroup(of: (Int, BusSubscription).self) { tasks in
                    for (index, channel) in channels.enumerated() {
                        tasks.addTask { (index, await right.bus.subscribe(to: channel)) }
                    }
                    return await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                for channel in channels { #expect(await left.bus.publish([1], to: channel)) }
                for index in channels.indices {
                    var events = try #require(subscriptions[index]).makeAsyncIterator()
                    #expect(await events.next() == .message([1]))
                }
            }
        }
    }
}
