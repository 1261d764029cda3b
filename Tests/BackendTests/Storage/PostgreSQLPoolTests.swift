import Foundation
import Testing

@testable import Backend

/// Connections and those who wait for them, against a real server.
@Suite("PostgreSQL's connections", .timeLimit(.minutes(5)))
struct PostgreSQLPoolTests {
    private static let sleepLong: SQLText = "SELECT pg_sleep(600)"
    private static let sleepAWhile: SQLText = "SELECT pg_sleep(3)"

    @Test("A thousand tasks finish through five connections, and none is held afterwards")
    func manyTasks() async throws {
        try await withPostgreSQL(nil, { ($0.keptConnections, $0.overflowConnections) = (5, 0) }) { database in
            let most = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let row = try await database.rows("SELECT $1", [number.sqlValue])[0]
                        #expect(try row.get(0) == number)
                        return database.poolState.open
                    }
                }
                return try await group.reduce(0, max)
            }
            // Fewer where the first ones are done with everything before the last is open.
            #expect((1...5).contains(most))
            #expect(database.poolState.inUse == 0)
            #expect(database.poolState.waiting == 0)
        }
    }

    @Test("Who waits too long for a connection is told so, and the others go on")
    func waitDeadline() async throws {
        try await withPostgreSQL(
            nil,
            { ($0.keptConnections, $0.overflowConnections, $0.waitTimeout) = (1, 0, .milliseconds(300)) }
        ) { database in
            try await database.ping()
            let busy = Task { try await database.rows(Self.sleepLong) }
            #expect(await eventually { database.poolState.inUse == 1 })
            let error = try await databaseError { _ = try await database.rows("SELECT 1") }
            #expect(error.code == .poolExhausted)
            #expect(error.isTransient)
            // A cancelled statement ends at the server, and its connection is used again.
            busy.cancel()
            await #expect(throws: CancellationError.self) { try await busy.value }
            // Other tests of this server sleep as well, in databases of their own.
            let sleeping = try await database.rows(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE query = 'SELECT pg_sleep(600)' AND state = 'active' AND datname = current_database()
                """)
            #expect(try sleeping[0].get(0) == 0)
            #expect(database.poolState == DatabasePoolState(open: 1, inUse: 0, waiting: 0))
        }
    }

    @Test("Who is cancelled while waiting waits no more")
    func cancelledWaiters() async throws {
        try await withPostgreSQL(nil, { ($0.keptConnections, $0.overflowConnections) = (1, 0) }) { database in
            try await database.ping()
            let busy = Task { try await database.rows(Self.sleepLong) }
            #expect(await eventually { database.poolState.inUse == 1 })
            let waiters = (0..<50).map { _ in Task { try await database.rows("SELECT 1") } }
            #expect(await eventually { database.poolState.waiting == 50 })
            for waiter in waiters.dropFirst() { waiter.cancel() }
            for waiter in waiters.dropFirst() {
                await #expect(throws: CancellationError.self) { try await waiter.value }
            }
            #expect(database.poolState.waiting == 1)
            busy.cancel()
            #expect(try await waiters[0].value.count == 1)
        }
    }

    @Test("Statements cancelled at any moment leave usable connections and right answers behind")
    func cancelledAtRandom() async throws {
        let seed = UInt64.random(in: 0...(.max))
        print("seed of cancelledAtRandom: \(seed)")
        try await withPostgreSQL(nil, { ($0.keptConnections, $0.overflowConnections) = (3, 2) }) { database in
            try await withThrowingTaskGroup { group in
                for number in 0..<200 {
                    let delay = Duration.microseconds(
                        Int64((seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15) >> 32) % 8000)
                    group.addTask {
                        let statement = Task {
                            try await database.rows("SELECT $1, pg_sleep(0.002)", [number.sqlValue])[0].get(
                                0, as: Int.self)
                        }
                        try await Task.sleep(for: delay)
                        statement.cancel()
                        do {
                            #expect(try await statement.value == number)
                        } catch {
                            #expect(error is CancellationError)
                        }
                    }
                }
                try await group.waitForAll()
            }
            for number in 0..<20 {
                let row = try await database.rows("SELECT $1", [number.sqlValue])[0]
                #expect(try row.get(0) == number)
            }
            #expect(database.poolState.inUse == 0)
        }
    }

    @Test("A statement that takes too long is ended by the server")
    func statementTimeout() async throws {
        try await withPostgreSQL(nil, { $0.statementTimeout = .milliseconds(200) }) { database in
            let error = try await databaseError { _ = try await database.rows(Self.sleepLong) }
            #expect(error.code == .timedOut)
            try await database.ping()
            #expect(database.poolState.open == 1)
        }
    }

    @Test("Connections beyond those kept close when they are idle")
    func overflow() async throws {
        let clock = ShiftedClock()
        try await withPostgreSQL(nil, now: clock.now, { ($0.keptConnections, $0.overflowConnections) = (2, 3) }) {
            database in
            // They end by themselves: a cancelled statement that the server is slow to end takes its connection with it.
            let busy = (0..<5).map { _ in Task { try await database.rows(Self.sleepAWhile) } }
            #expect(await eventually { database.poolState.inUse == 5 })
            for task in busy { _ = try await task.value }
            #expect(database.poolState.open == 5)
            database.maintain()
            #expect(database.poolState.open == 5)
            clock.advance(by: .seconds(11))
            #expect(await eventually { database.poolState.open == 2 })
            try await database.ping()
        }
    }

    @Test("A connection is replaced when it is old, whether it was idle or in use")
    func recycling() async throws {
        let clock = ShiftedClock()
        try await withPostgreSQL(nil, now: clock.now) { database in
            let first = try await database.backendProcess()
            clock.advance(by: .seconds(3000))
            #expect(try await database.backendProcess() == first)
            clock.advance(by: .seconds(601))
            let second = try await database.backendProcess()
            #expect(second != first)
            clock.advance(by: .seconds(3601))
            #expect(await eventually { database.poolState.open == 0 })
            #expect(try await database.backendProcess() != second)
        }
    }

    @Test("A connection that the server ended while it was idle is noticed, and a write does not meet it")
    func terminated() async throws {
        let url = try await PostgreSQLServer.freshDatabase()
        try await withPostgreSQL(url) { database in
            try await database.run(SQLStatement("CREATE TABLE t (a bigint)"), .write)
            try await withPostgreSQL(url) { other in
                for round in 0..<20 {
                    let process = try await database.backendProcess()
                    #expect(
                        try await other.rows("SELECT pg_terminate_backend($1::int, 10000)", [.integer(process)])[0].get(
                            0) == true)
                    try await database.run(SQLStatement("INSERT INTO t VALUES ($1)", [round.sqlValue]), .write)
                }
            }
            #expect(try await database.rows("SELECT count(*) FROM t")[0].get(0) == 20)
            #expect(database.poolState.open == 1)
        }
    }

    @Test("A connection to a peer that vanished is found out before it is used after a pause")
    func vanishedPeer() async throws {
        let server = try await PostgreSQLServer.instance()
        let proxy = try CountingProxy(to: server.port)
        defer { proxy.close() }
        let clock = ShiftedClock()
        try await withPostgreSQL(
            server.url(port: proxy.port), now: clock.now,
            {
                ($0.checkTimeout, $0.connectTimeout, $0.outagePatience) = (
                    .seconds(2), .seconds(2), .milliseconds(100)
                )
            }
        ) { database in
            try await database.ping()
            let before = proxy.roundTrips
            clock.advance(by: .seconds(6))
            try await database.ping()
            #expect(proxy.roundTrips - before == 2)
            proxy.fallSilent()
            clock.advance(by: .seconds(6))
            let error = try await databaseError { try await database.run(SQLStatement("SELECT 1"), .write) }
            #expect(error.code == .unavailable || error.code == .timedOut)
            #expect(database.poolState.open == 0)
        }
    }

    @Test("Through the server's crash and restart reads recover by themselves, and a write under way is unavailable")
    func restart() async throws {
        let server = try await PostgreSQLServer()
        try await withPostgreSQL(try await server.freshDatabase()) { database in
            try await database.run(SQLStatement("CREATE TABLE t (a bigint)"), .write)
            let write = Task {
                try await databaseError {
                    try await database.run(SQLStatement("INSERT INTO t SELECT 1 FROM pg_sleep(600)"), .write)
                }
            }
            #expect(await eventually { database.poolState.inUse == 1 })
            let read = Task { try await database.rows("SELECT 1 FROM pg_sleep(0.5)") }
            #expect(await eventually { database.poolState.inUse == 2 })
            try await server.kill()
            #expect(try await write.value.code == .unavailable)
            let ping = try await databaseError { try await database.ping() }
            #expect(ping.code == .unavailable)
            #expect(ping.isTransient)
            #expect(database.poolState.open == 0)
            let later = Task { try await database.rows("SELECT count(*) FROM t")[0].get(0, as: Int.self) }
            try await server.start()
            #expect(try await read.value.count == 1)
            #expect(try await later.value == 0)
            try await database.run(SQLStatement("INSERT INTO t VALUES (1)"), .write)
        }
    }

    @Test("A server that is down is not asked again and again")
    func noStorm() async throws {
        let server = try await PostgreSQLServer.instance()
        let proxy = try CountingProxy(to: 1)
        defer { proxy.close() }
        try await withPostgreSQL(server.url(port: proxy.port), { $0.outagePatience = .milliseconds(1500) }) {
            database in
            await withTaskGroup { group in
                for _ in 0..<100 {
                    group.addTask {
                        let error = try? await databaseError { _ = try await database.rows("SELECT 1") }
                        #expect(error?.code == .unavailable)
                    }
                }
            }
            // Four at first; then one at a time, after 0.1, 0.2, 0.4, 0.8 s at most and half of that at least.
            #expect(proxy.connections < 14)
        }
    }

    @Test("Closing waits for what is running; what comes later is refused")
    func closing() async throws {
        let url = try await PostgreSQLServer.freshDatabase()
        let database = try PostgreSQLDatabase(PostgreSQLSettings(url: url), logger: .silent)
        try await database.ping()
        let running = Task { try await database.rows("SELECT 1 FROM pg_sleep(0.5)") }
        #expect(await eventually { database.poolState.inUse == 1 })
        let life = GracefulLife(database)
        await life.shutDown()
        #expect(try await running.value.count == 1)
        #expect(database.poolState == DatabasePoolState())
        let error = try await databaseError { try await database.ping() }
        #expect(error.code == .unavailable)
    }
}
