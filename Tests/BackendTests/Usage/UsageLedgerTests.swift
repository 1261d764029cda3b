import FoundationEssentials
import Logging
import Observability
import ServiceLifecycle
import Synchronization
import Testing

@testable import Backend

@Suite("The usage ledger", .timeLimit(.minutes(10)))
struct UsageLedgerTests {
    private let user = UUID()

    private func record(_ model: String, at time: Timestamp = .now, tokens: Int = 1) -> UsageRecord {
        UsageRecord(
            userID: user, endpoint: "/v1/chat/completions", model: model,
            usage: TokenUsage(promptTokens: tokens, completionTokens: 2 * tokens), source: .reported,
            outcome: .completed, createdAt: time)
    }

    private func ledger(
        _ database: any Database, limit: Int = UsageLedger.limit, _ registry: PrometheusRegistry = PrometheusRegistry()
    ) -> UsageLedger {
        UsageLedger(
            store: Store(database: database), registry: registry,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, limit: limit)
    }

    @Test(
        "Records become sums per day and model, of their user only, the latest day first", arguments: DatabaseMaker.all)
    func sums(maker: DatabaseMaker) async throws {
        try await maker.with { database in
            let ledger = ledger(database)
            let day = try #require(Timestamp("2026-01-31T23:59:59.5Z"))
            for tokens in 0..<3 { ledger.record(record("a", at: day, tokens: tokens)) }
            ledger.record(record("b\"'\u{1F600}", at: day))
            ledger.record(record("a", at: day + .seconds(1)))
            var stranger = record("a", at: day)
            stranger.userID = UUID()
            ledger.record(stranger)
            try await ledger.flush()
            #expect(ledger.pendingCount == 0)
            let sums = try await Store(database: database).usage(
                of: user, from: day - .seconds(86_400), to: day + .seconds(86_400), limit: 10)
            #expect(sums.map(\.date) == ["2026-02-01", "2026-01-31", "2026-01-31"])
            #expect(sums.map(\.model) == ["a", "a", "b\"'\u{1F600}"])
            try #require(sums.count == 3)
            #expect(sums[1].requests == 3 && sums[1].promptTokens == 3 && sums[1].completionTokens == 6)
        }
    }

    @Test("A record that is written twice counts once", arguments: DatabaseMaker.all)
    func twice(maker: DatabaseMaker) async throws {
        try await maker.with { database in
            let store = Store(database: database)
            let record = record("a")
            try await store.insert([record])
            try await store.insert([record])
            let sums = try await store.usage(of: user, from: .now - .seconds(60), to: .now + .seconds(60), limit: 10)
            #expect(sums.map(\.requests) == [1])
        }
    }

    @Test(
        "While the database is away records are kept, and written at the end of the service at the latest",
        arguments: DatabaseMaker.all)
    func away(maker: DatabaseMaker) async throws {
        try await maker.with { database in
            let flaky = FlakyDatabase(base: database)
            let ledger = ledger(flaky)
            flaky.isAway.withLock { $0 = true }
            ledger.record(record("a"))
            await #expect(throws: DatabaseError.self) { try await ledger.flush() }
            #expect(ledger.pendingCount == 1)
            flaky.isAway.withLock { $0 = false }
            let group = ServiceGroup(
                services: [ledger], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            async let running: Void = group.run()
            await group.triggerGracefulShutdown()
            try await running
            #expect(ledger.pendingCount == 0)
        }
    }

    @Test("Beyond the bound the oldest go, and are counted")
    func bound() async throws {
        let registry = PrometheusRegistry()
        let ledger = ledger(try SQLiteDatabase(path: nil), limit: 3, registry)
        for _ in 0..<5 { ledger.record(record("a")) }
        #expect(ledger.pendingCount == 3)
        #expect(registry.counter("usage_records_dropped_total").value == 2)
    }

    @Test("Days that are none, or lie the wrong way round, are refused")
    func badDays() async throws {
        try await LiveBackend.run(nil) { (backend) async throws in
            for query in ["from=x", "from=2026-13-01", "from=2026-02-30", "from=2026-01-01&to=2025-01-01"] {
                let answer = try await backend.get("/api/v1/usage?\(query)")
                #expect(answer.status == 400, "\(query)")
                #expect(answer.error["param"] as? String == "from", "\(query)")
            }
        }
    }
}

/// A database that can be away.
private final class FlakyDatabase: Database {
    let base: any Database
    let isAway = Mutex(false)

    init(base: any Database) { self.base = base }

    var dialect: SQLDialect { base.dialect }
    var poolState: DatabasePoolState { base.poolState }

    func run(_ batch: [SQLStatement], _ access: DatabaseAccess) async throws -> [SQLResult] {
        if isAway.withLock({ $0 }) { throw DatabaseError(.unavailable, "away") }
        return try await base.run(batch, access)
    }

    func ping() async throws { try await base.ping() }
    func run() async throws { try await base.run() }
}
