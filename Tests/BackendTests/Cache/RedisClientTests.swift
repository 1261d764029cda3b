import Foundation
import Logging
import NIOCore
import NIOPosix
import Observability
import Synchronization
import Testing

@testable import Backend

@Suite("Redis, and its loss", .timeLimit(.minutes(10)))
struct RedisClientTests {
    @Test("Redis killed: misses at once, and it comes back by itself", .timeLimit(.minutes(5)))
    func killed() async throws {
        let server = try RedisServer()
        let log = CacheLog()
        let registry = PrometheusRegistry()
        try await CacheServices.with(try server.configuration(), registry: registry, log: log) {
            services async throws in
            await services.cache.set([1], for: .user("x"))
            #expect(await services.cache.get(.user("x")) == [1])
            // In the middle of commands under way.
            let busy = Task {
                for number in 0... where await services.cache.get(.user("\(number)")) == nil && !Task.isCancelled {
                    if services.redisState != .ok { return }
                }
            }
            server.kill()
            await busy.value
            try #require(await eventually { services.redisState == .unavailable })
            let start = ContinuousClock.now
            for _ in 0..<10_000 { #expect(await services.cache.get(.user("x")) == nil) }
            #expect(ContinuousClock.now - start < .seconds(20), "calls wait although Redis is known to be away")
            try server.restart()
            try #require(await eventually { services.redisState == .ok })
            await services.cache.set([2], for: .user("x"))
            #expect(await services.cache.get(.user("x")) == [2])
            #expect(registry.render().contains("redis_commands_total{outcome=\"unavailable\"}"))
        }
        // One line for the outage, however many attempts it took; a link may have one for each of its reasons.
        let lines = log.lines(.warning)
        #expect((1...4).contains(lines.count), "\(lines)")
        #expect(lines.allSatisfy { $0.hasPrefix("Redis is not available") })
    }

    @Test("A frozen Redis costs each caller one deadline at most, later ones nothing; thawed, it is used again")
    func frozen() async throws {
        let server = try RedisServer()
        let deadline = Duration.seconds(2)
        var configuration = try server.configuration(deadline: deadline)
        configuration.stallLimit = .seconds(600)
        try await CacheServices.with(configuration) { services async throws in
            await services.cache.set([1], for: .user("x"))
            #expect(await services.cache.get(.user("x")) == [1])
            server.freeze()
            let start = ContinuousClock.now
            await withTaskGroup { tasks in
                for _ in 0..<100 { tasks.addTask { #expect(await services.cache.get(.user("x")) == nil) } }
            }
            let first = ContinuousClock.now - start
            #expect(first >= .seconds(1) && first < .seconds(30), "\(first)")
            #expect(services.redisState == .unavailable)
            for _ in 0..<10_000 { #expect(await services.cache.get(.user("x")) == nil) }
            #expect(ContinuousClock.now - start - first < .seconds(20), "calls wait although Redis is known to be slow")
            server.thaw()
            try #require(await eventually { services.redisState == .ok })
            // The late replies belong to the calls that gave up, not to this one.
            await services.cache.set([2], for: .user("y"))
            #expect(await services.cache.get(.user("y")) == [2])
            #expect(await services.cache.get(.user("x")) == [1])
        }
    }

    @Test("A connection whose replies do not come is replaced")
    func frozenForGood() async throws {
        let server = try RedisServer()
        var configuration = try server.configuration(deadline: .milliseconds(200))
        configuration.stallLimit = .milliseconds(200)
        configuration.connectDeadline = .seconds(1)
        let log = CacheLog()
        try await CacheServices.with(configuration, log: log) { services async throws in
            server.freeze()
            _ = await services.cache.get(.user("x"))
            try #require(await eventually { log.lines(.warning).contains { $0.contains("stopped to reply") } })
            try #require(await eventually { log.lines(.warning).contains { $0.contains("did not greet in time") } })
            server.thaw()
            try #require(await eventually { services.redisState == .ok })
        }
    }

    @Test("A removal that Redis was not told of is made up for before its value is believed")
    func owedRemoval() async throws {
        let server = try RedisServer()
        var configuration = try server.configuration(deadline: .milliseconds(500))
        configuration.stallLimit = .seconds(600)
        let log = CacheLog()
        try await CacheServices.with(configuration, log: log) { services async throws in
            try await CacheServices.with(try server.configuration()) { other async throws in
                await services.cache.set([1], for: .credential("x"))
                await services.cache.set([1], for: .user("y"))
                server.freeze()
                await services.cache.remove(.credential("x"))
                server.thaw()
                #expect(await services.cache.get(.credential("x")) == nil)
                try #require(await eventually { await other.cache.get(.credential("x")) == nil })
                // Redis may have carried out the late command itself; the debt is settled all the same.
                try #require(await eventually { log.lines(.notice).contains { $0.contains("could not be told of") } })
                #expect(await services.cache.get(.credential("x")) == nil)
                #expect(await services.cache.get(.user("y")) == [1])
            }
        }
    }

    @Test("When too many removals are owed the cache is emptied, and limits are not")
    func owedEverything() async throws {
        let server = try RedisServer()
        let log = CacheLog()
        let client = try RedisClient(
            try server.configuration(), registry: PrometheusRegistry(), logger: log.logger)
        let cache = RedisCache(
            client, owedLimit: 2, metrics: CacheMetrics(registry: PrometheusRegistry()), logger: log.logger)
        // Nothing runs yet: Redis is away.
        for number in 0..<3 { await cache.remove(.user("\(number)")) }
        try await CacheServices.with(try server.configuration()) { other async throws in
            for number in 0..<2_000 { await other.cache.set([1], for: .user("\(number)")) }
            let limit = RateLimit(1, per: .seconds(36_000))
            #expect(await other.limiter.take("k", limit: limit).isAllowed)
            let runs = [Task { try await client.run() }, Task { try await cache.run() }]
            defer { for run in runs { run.cancel() } }
            try #require(await eventually { log.lines(.notice).contains { $0.hasPrefix("emptied the cache") } })
            #expect(await other.cache.get(.user("1999")) == nil)
            #expect(await !other.limiter.take("k", limit: limit).isAllowed)
            await cache.set([1], for: .user("0"))
            #expect(await cache.get(.user("0")) == [1])
        }
    }

    @Test("Debts are by key up to the limit, then for everything, and only what was settled is gone")
    func debts() throws {
        var owed = OwedRemovals(limit: 2)
        owed.add(.user("a"))
        owed.add(.user("b"))
        let number = try #require(owed.debt).through
        owed.add(.user("a"))
        #expect(owed.covers(.user("a")) && !owed.covers(.user("c")))
        owed.settle(through: number)
        #expect(owed.covers(.user("a")) && !owed.covers(.user("b")))
        owed.add(.user("b"))
        owed.add(.user("c"))
        #expect(owed.debt?.0 == .everything && owed.covers(.models("z")))
        let everything = try #require(owed.debt).through
        owed.add(.user("d"))
        owed.settle(through: everything)
        #expect(owed.debt?.0 == .everything)
        owed.settle(through: try #require(owed.debt).through)
        #expect(owed.isEmpty && owed.debt == nil)
    }

    @Test("A wrong password: one clear line without it, and the service goes on in memory")
    func wrongPassword() async throws {
        let server = try RedisServer(["--requirepass", "right-hunter1"])
        let log = CacheLog()
        try await CacheServices.with(
            try server.configuration(credentials: ":wrong-hunter2@"), log: log, waitsForRedis: false
        ) { services async throws in
            try #require(await eventually { !log.lines(.error).isEmpty })
            #expect(await services.cache.get(.user("x")) == nil)
            #expect(await services.limiter.take("k", limit: RateLimit(1, per: .seconds(60))).isAllowed)
            // Some more attempts.
            try #require(await eventually { log.lines(.debug).filter { $0.contains("not available") }.count > 6 })
            #expect(log.lines(.warning).count == 1)
            #expect(log.lines(.error)[0].contains("the server refused the user name or password"))
            #expect(services.redisState == .unavailable)
        }
        #expect(!log.lines(.trace).contains { $0.contains("hunter") })
        try await CacheServices.with(try server.configuration(credentials: ":right-hunter1@")) {
            services async throws in
            await services.cache.set([1], for: .user("x"))
            #expect(await services.cache.get(.user("x")) == [1])
        }
        let open = CacheLog()
        try await CacheServices.with(try server.configuration(), log: open, waitsForRedis: false) { _ async throws in
            try #require(
                await eventually { open.lines(.error).contains { $0.contains("the server wants a password") } })
        }
    }

    @Test("A user of an access list, a database that is not there, and a channel that is not allowed")
    func users() async throws {
        let server = try RedisServer([
            "--user", "chat", "on", ">secret", "~cb:*", "resetchannels", "&cb:bus:*", "+@all", "--user", "mute", "on",
            ">secret", "~cb:*", "resetchannels", "+@all",
        ])
        try await CacheServices.with(try server.configuration(credentials: "chat:secret@", database: 5)) {
            services async throws in
            await services.cache.set([1], for: .user("x"))
            #expect(await services.cache.get(.user("x")) == [1])
            var events = await services.bus.subscribe(to: BusChannel("c")).makeAsyncIterator()
            #expect(await services.bus.publish([1], to: BusChannel("c")))
            #expect(await events.next() == .message([1]))
        }
        let log = CacheLog()
        try await CacheServices.with(
            try server.configuration(credentials: "mute:secret@", deadline: .seconds(1)), log: log
        ) { services async throws in
            let subscription = await services.bus.subscribe(to: BusChannel("c"))
            #expect(await services.bus.publish([1], to: BusChannel("c")) == false)
            try #require(await eventually { log.lines(.warning).contains { $0.contains("refused a subscription") } })
            // Within the replica it works.
            var events = subscription.makeAsyncIterator()
            #expect(await events.next() == .message([1]))
        }
        let missing = CacheLog()
        try await CacheServices.with(
            try server.configuration(credentials: "chat:secret@", database: 99), log: missing, waitsForRedis: false
        ) { _ async throws in
            try #require(await eventually { missing.lines(.warning).contains { $0.contains("no database 99") } })
        }
    }

    @Test("TLS: with the authority it works; without it, and to a server without TLS, the reason is told")
    func tls() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("redis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificates = try RedisCertificates(in: folder)
        let server = try RedisServer(["--requirepass", "secret"], certificates: certificates)
        var configuration = try server.configuration(scheme: "rediss", credentials: ":secret@")
        let distrusting = configuration
        configuration.authorityFile = certificates.path("ca.crt")
        try await CacheServices.with(configuration) { services async throws in
            let large = [UInt8](repeating: 7, count: 500_000)
            await services.cache.set(large, for: .user("x"))
            #expect(await services.cache.get(.user("x")) == large)
            var events = await services.bus.subscribe(to: BusChannel("c")).makeAsyncIterator()
            await services.bus.publish([1], to: BusChannel("c"))
            #expect(await events.next() == .message([1]))
        }
        let log = CacheLog()
        try await CacheServices.with(distrusting, log: log, waitsForRedis: false) { _ async throws in
            try #require(
                await eventually { log.lines(.warning).contains { $0.contains("certificate is not trusted") } },
                "\(log.lines(.debug))")
        }
        let plain = CacheLog()
        try await CacheServices.with(
            try CacheBacking.server.get().configuration(scheme: "rediss"), log: plain, waitsForRedis: false
        ) { _ async throws in
            try #require(
                await eventually { plain.lines(.warning).contains { $0.contains("not available") } },
                "\(plain.lines(.debug))")
        }
    }

    @Test("REDIS_CA_FILE names the authority; without it the service goes on without Redis")
    func authorityFile() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("redis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificates = try RedisCertificates(in: folder)
        let server = try RedisServer([], certificates: certificates)
        let variables = ["REDIS_URL": "rediss://127.0.0.1:\(server.port)"]
        for (more, state) in [(["REDIS_CA_FILE": certificates.path("ca.crt")], "ok"), ([:], "degraded")] {
            try await LiveBackend.run(nil, variables.merging(more) { _, given in given }) { (backend) async throws in
                let isSo = try await eventually {
                    let answer = try await backend.get("/health/ready")
                    let dependencies = answer.object["dependencies"] as? [String: [String: String]]
                    return answer.status == 200 && dependencies?["redis"]?["status"] == state
                }
                #expect(isSo, "\(state)")
            }
        }
        #expect(throws: ConfigurationError.self) {
            try Settings(variables: ["REDIS_URL": "redis://127.0.0.1", "REDIS_CA_FILE": "/ca.pem"])
        }
    }

    @Test("A host that is not there, and a port where nobody listens, are named as such")
    func unreachable() async throws {
        for (url, reason) in [
            ("redis://no-such-host.invalid", "no such host"), ("redis://127.0.0.1:1", "Connection refused"),
        ] {
            let log = CacheLog()
            try await CacheServices.with(
                RedisConfiguration(url: try RedisURL(parsing: url)), log: log, waitsForRedis: false
            ) { _ async throws in
                try #require(
                    await eventually { log.lines(.warning).contains { $0.contains(reason) } }, "\(log.lines(.debug))")
            }
        }
    }

    @Test("Commands beyond the bound are refused at once")
    func overload() async throws {
        let server = try RedisServer()
        var configuration = try server.configuration(deadline: .seconds(2))
        configuration.outstandingLimit = 10
        let registry = PrometheusRegistry()
        try await CacheServices.with(configuration, registry: registry) { services async throws in
            server.freeze()
            await withTaskGroup { tasks in
                for _ in 0..<100 { tasks.addTask { #expect(await services.cache.get(.user("x")) == nil) } }
            }
            server.thaw()
            #expect(registry.render().contains("redis_commands_total{outcome=\"timed_out\"} 10\n"))
            #expect(registry.render().contains("redis_commands_total{outcome=\"overloaded\"}"))
            try #require(await eventually { services.redisState == .ok })
        }
    }

    @Test("The script is known by its digest after its first use, and again after Redis forgot it")
    func scripts() async throws {
        let server = try RedisServer()
        let client = try RedisClient(
            try server.configuration(), registry: PrometheusRegistry(), logger: CacheLog().logger)
        let run = Task { try await client.run() }
        defer { run.cancel() }
        try #require(await eventually { client.isAvailable })
        let script = RedisScript("return {KEYS[1], ARGV[1]}")
        #expect(try await client.send(RedisCommand("SCRIPT", ["LOAD", .text(script.source)])).text == script.digest)
        for _ in 0..<2 {
            _ = try await client.send(RedisCommand("SCRIPT", ["FLUSH"]))
            let reply = try await client.run(script, keys: ["k"], arguments: [.integer(5)])
            #expect(reply.elements?.map(\.text) == ["k", "5"])
            let known = try await client.send(RedisCommand("SCRIPT", ["EXISTS", .text(script.digest)]))
            #expect(known.elements == [.integer(1)])
        }
        await #expect(throws: RedisError.self) { try await client.send(RedisCommand("NONSENSE")) }
        #expect(client.isAvailable)
    }
}

@Suite("A Redis that is none", .timeLimit(.minutes(10)))
struct HostileRedisTests {
    private static let greeting = "%1\r\n+proto\r\n:3\r\n"

    /// Says something to whoever connects and speaks, and goes on saying it for as long as it is read.
    private final class Talker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let text: String
        private let isEndless: Bool
        private var hasGreeted = false
        private let greeting: String

        init(greeting: String, text: String, isEndless: Bool) {
            self.greeting = greeting
            self.text = text
            self.isEndless = isEndless
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard hasGreeted else {
                hasGreeted = true
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: greeting)), promise: nil)
                if greeting.isEmpty { say(context) }
                return
            }
            say(context)
        }

        private func say(_ context: ChannelHandlerContext) {
            let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)))
            guard isEndless else { return }
            written.assumeIsolated().whenSuccess { self.say(context) }
        }
    }

    @Test(
        "It is given up with a line that says why, and calls are misses",
        arguments: [
            ("", "HTTP/1.1 400 Bad Request\r\n\r\n", false, "an unknown type"),
            ("", String(repeating: "*1\r\n", count: 1_000), false, "nested deeper"),
            ("", String(repeating: "a", count: 10_000), true, "a line above"),
            (greeting, "$2000000000\r\n", false, "a string above"),
            (greeting, "*1000000000\r\n", false, "an aggregate above"),
            (greeting, "+" + String(repeating: "a", count: 10_000), true, "a line above"),
            (greeting, String(repeating: "|1\r\n+a\r\n+b\r\n", count: 1_000), true, "a value above"),
            (greeting, "+OK\r\n+OK\r\n", false, "a reply to no command"),
            ("+OK\r\n", "", false, "does not greet as a Redis does"),
        ])
    func hostile(greeting: String, text: String, isEndless: Bool, reason: String) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Talker(greeting: greeting, text: text, isEndless: isEndless))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        var configuration = RedisConfiguration(url: try RedisURL(parsing: "redis://127.0.0.1:\(port)"))
        configuration.commandDeadline = .seconds(20)
        configuration.connectDeadline = .seconds(20)
        let log = CacheLog()
        try await CacheServices.with(configuration, log: log, waitsForRedis: false) { services async throws in
            try #require(
                await eventually {
                    #expect(await services.cache.get(.user("x")) == nil)
                    return log.lines(.warning).contains { $0.contains(reason) }
                }, "\(log.lines(.debug))")
        }
        try await listener.close()
    }
}
