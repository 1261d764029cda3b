import Logging
import ServiceLifecycle
import Synchronization

/// A cache in Redis, which all replicas share.
///
/// ## Removal
///
/// A removal puts a mark in the entry's place for ``CacheRules/removalHold``, and values are added with `SET NX`: a replica that
/// read the database before the change cannot bring the old value back.
///
/// ## A removal that fails
///
/// When Redis cannot be told, the old value may still be there when it is back. Then:
///
/// - this process does not believe Redis for that key, and removes it there as soon as Redis answers (``run()``); if more
///   removals are owed than can be remembered, it believes nothing and empties the cache;
/// - other replicas, should they reach Redis meanwhile, may read the old value until then;
/// - if this process ends before that, the old value stays for the rest of its lifetime.
///
/// So what guards access is kept as ``CacheKind/credential``, for a minute at most, and decisions about access read nothing
/// that is kept for longer.
final class RedisCache: Cache, Service {
    private static let valueMark: UInt8 = 1
    private static let removalMark: UInt8 = 0
    /// How often settling debts is tried while Redis is away; it costs nothing then.
    private static let settlePause: Duration = .milliseconds(250)

    let flights = SingleFlight()
    private let client: RedisClient
    private let metrics: CacheMetrics
    private let logger: Logger
    private let owed: Mutex<OwedRemovals>
    private let (debts, debtArrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(
        _ client: RedisClient, owedLimit: Int = OwedRemovals.defaultLimit, metrics: CacheMetrics, logger: Logger
    ) {
        self.client = client
        self.metrics = metrics
        self.logger = logger
        owed = Mutex(OwedRemovals(limit: owedLimit))
    }

    func get(_ key: CacheKey) async -> [UInt8]? {
        guard !isOwed(key) else {
            metrics.record(.miss, key.kind)
            return nil
        }
        do {
            let reply = try await client.send(RedisCommand("GET", [.text(key.text)]))
            // A removal may have failed while the reply was on its way.
            guard case .bulkString(let bytes) = reply, bytes.first == Self.valueMark, !isOwed(key) else {
                metrics.record(.miss, key.kind)
                return nil
            }
            metrics.record(.hit, key.kind)
            return Array(bytes.dropFirst())
        } catch {
            metrics.record(.error, key.kind)
            return nil
        }
    }

    func set(_ value: [UInt8], for key: CacheKey) async {
        guard value.count <= CacheRules.valueLimit else { return await remove(key) }
        await put(value, key, [])
    }

    func add(_ value: [UInt8], for key: CacheKey) async {
        await put(value, key, ["NX"])
    }

    func remove(_ key: CacheKey) async {
        flights.forget(key)
        do {
            try await markRemoved(key)
        } catch {
            owed.withLock { $0.add(key) }
            debtArrived.yield()
        }
    }

    /// Settles what is owed whenever Redis is there, until the service is told to end.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await _ in debts {
                while let (debt, number) = owed.withLock({ $0.debt }), !Task.isCancelled {
                    if client.isAvailable, await settle(debt) {
                        owed.withLock { $0.settle(through: number) }
                    } else {
                        // Ends early when the task is cancelled, as then the loop does.
                        try? await Task.sleep(for: Self.settlePause)
                    }
                }
            }
        }
    }

    private func isOwed(_ key: CacheKey) -> Bool { owed.withLock { !$0.isEmpty && $0.covers(key) } }

    private func put(_ value: [UInt8], _ key: CacheKey, _ condition: [RedisCommand.Argument]) async {
        guard value.count <= CacheRules.valueLimit else { return }
        // What is put now would be removed when the debt is settled, and is not believed until then.
        guard !isOwed(key) else { return }
        let lifetime = key.kind.lifetime.components.seconds
        // A value that is not kept costs speed only; the client counts the failure.
        _ = try? await client.send(
            RedisCommand(
                "SET",
                [.text(key.text), .bytes([Self.valueMark] + value), "EX", .integer(max(1, lifetime))] + condition))
    }

    private func markRemoved(_ key: CacheKey) async throws(RedisError) {
        _ = try await client.send(
            RedisCommand(
                "SET",
                [
                    .text(key.text), .bytes([Self.removalMark]), "EX",
                    .integer(CacheRules.removalHold.components.seconds),
                ]))
    }

    private func settle(_ debt: OwedRemovals.Debt) async -> Bool {
        do {
            switch debt {
            case .keys(let keys):
                for key in keys { try await markRemoved(key) }
                logger.notice(
                    "removed from Redis what it could not be told of", metadata: ["entries": "\(keys.count)"])
            case .everything:
                try await removeEverything()
                logger.notice("emptied the cache in Redis: it missed too many removals")
            }
            return true
        } catch {
            // It is tried again; the link says what is wrong with Redis.
            return false
        }
    }

    private func removeEverything() async throws(RedisError) {
        var cursor = "0"
        repeat {
            let reply = try await client.send(
                RedisCommand("SCAN", [.text(cursor), "MATCH", .text(CacheKey.prefix + "*"), "COUNT", .integer(500)]))
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].text, let names = parts[1].elements
            else { throw RedisError(.protocolViolation, "the server's reply to SCAN is none") }
            let arguments = names.compactMap { name -> RedisCommand.Argument? in
                guard case .bulkString(let bytes) = name else { return nil }
                return .bytes(bytes)
            }
            if !arguments.isEmpty { _ = try await client.send(RedisCommand("UNLINK", arguments)) }
            cursor = next
        } while cursor != "0"
    }
}
