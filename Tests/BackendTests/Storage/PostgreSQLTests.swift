import Foundation
import Testing

@testable import Backend

/// What only PostgreSQL has.
@Suite("PostgreSQL", .timeLimit(.minutes(5)))
struct PostgreSQLTests {
    @Test("Other types of columns are read where that loses nothing, and named where it would")
    func columnTypes() async throws {
        try await withPostgreSQL { database in
            let row = try await database.rows(
                """
                SELECT 1::int2, -2::int4, 3::oid, 1.5::float4, 'n'::name, 'v'::varchar(9), 'c'::char(3), '{"a":  1}'::json,
                    pg_advisory_xact_lock(1), 'NaN'::float8, '-infinity'::float8, sum(x), sum(-x), 0::numeric, 90000::numeric
                FROM (VALUES (9000000000000000000::int8), (7)) AS v(x)
                """)[0]
            #expect(row.values[0..<5] == [.integer(1), .integer(-2), .integer(3), .double(1.5), .text("n")])
            #expect(row.values[5..<9] == [.text("v"), .text("c  "), .json(#"{"a":  1}"#), .null])
            #expect(try row.get(9, as: Double.self).isNaN)
            #expect(
                row.values[10..<13] == [
                    .double(-.infinity), .integer(9_000_000_000_000_000_007), .integer(-9_000_000_000_000_000_007),
                ])
            #expect(row.values[13...] == [.integer(0), .integer(90_000)])
            for text: SQLText in [
                "SELECT 1.5::numeric", "SELECT 'NaN'::numeric", "SELECT 9223372036854775808::numeric",
                "SELECT 1e30::numeric",
                "SELECT 'infinity'::timestamptz", "SELECT ARRAY[1]", "SELECT '1 day'::interval",
            ] {
                let error = try await databaseError { _ = try await database.rows(text) }
                #expect(error.code == .unexpectedValue)
                #expect(error.message.contains("column 0"))
            }
            #expect(try await database.rows("SELECT -9223372036854775808::numeric")[0].get(0) == Int64.min)
            #expect(try await database.serverVersion() >= 150_000)
        }
    }

    @Test("A time that PostgreSQL cannot hold is refused before it is sent, or by the server")
    func times() async throws {
        try await withPostgreSQL { database in
            for number: Int64 in [.min, .min + 1_000_000, .min + 946_684_800_000_005] {
                let error = try await databaseError {
                    _ = try await database.rows("SELECT $1::timestamptz", [.timestamp(Timestamp(microseconds: number))])
                }
                #expect(error.code == .invalidValue)
            }
            let error = try await databaseError { _ = try await database.rows("SELECT 1 / $1", [.integer(0)]) }
            #expect(error.code == .invalidValue)
        }
    }

    @Test("A batch takes one round trip, one that is judged two, whatever the number of statements")
    func roundTrips() async throws {
        let server = try await PostgreSQLServer.instance()
        let database = try await server.freshDatabase()
        let proxy = try CountingProxy(to: server.port)
        defer { proxy.close() }
        let name = try #require(database.value.split(separator: "/").last)
        try await withPostgreSQL(server.url(port: proxy.port, database: String(name))) { database in
            try await database.run(SQLStatement("CREATE TABLE t (a bigint UNIQUE)"), .write)
            func roundTrips(_ batch: [SQLStatement], _ access: DatabaseAccess) async throws -> Int {
                let before = proxy.roundTrips
                _ = try? await database.run(batch, access)
                return proxy.roundTrips - before
            }
            let inserts = (0..<20).map { SQLStatement("INSERT INTO t VALUES ($1)", [.integer($0)]) }
            #expect(try await roundTrips([SQLStatement("SELECT 1")], .read) == 1)
            #expect(try await roundTrips(inserts, .write) == 1)
            // All violate the constraint, and the server undoes them.
            #expect(try await roundTrips(inserts, .write) == 1)
            #expect(try await roundTrips([SQLStatement("DELETE FROM t", expecting: .exactly(20))], .write) == 2)
            #expect(try await roundTrips([SQLStatement("DELETE FROM t", expecting: .exactly(20))], .write) == 2)
            #expect(try await roundTrips([SQLStatement("SELECT 1", expecting: .exactly(1))], .read) == 1)
            #expect(try await roundTrips([], .read) == 0)
        }
    }

    @Test("A constraint that is checked at the end undoes the batch, in both kinds of batches")
    func deferredConstraints() async throws {
        try await withPostgreSQL { database in
            _ = try await database.run(
                [
                    SQLStatement("CREATE TABLE p (id bigint PRIMARY KEY)"),
                    SQLStatement("CREATE TABLE c (p bigint CONSTRAINT c_p REFERENCES p DEFERRABLE INITIALLY DEFERRED)"),
                ], .write)
            for expectation in [SQLStatement.Expectation.any, .exactly(1)] {
                let error = try await databaseError {
                    try await database.run(SQLStatement("INSERT INTO c VALUES (1)", expecting: expectation), .write)
                }
                #expect(error.code == .foreignKeyViolation)
                #expect(error.constraint == "c_p")
                #expect(try await database.rows("SELECT count(*) FROM c")[0].get(0) == 0)
            }
        }
    }

    @Test("Statements are prepared once a connection; the oldest make room")
    func preparedStatements() async throws {
        try await withPostgreSQL(
            nil, { ($0.keptConnections, $0.overflowConnections, $0.preparedStatements) = (1, 0, 3) }
        ) {
            database in
            for round in 0..<5 {
                #expect(try await database.rows("SELECT $1 + 1", [.integer(Int64(round))])[0].get(0) == round + 1)
            }
            let count: SQLText = "SELECT count(*), sum(generic_plans + custom_plans)::int8 FROM pg_prepared_statements"
            // The counting statement is one of both.
            let row = try await database.rows(count)[0]
            #expect(row.values == [.integer(2), .integer(6)])
            for text: SQLText in ["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4"] { _ = try await database.rows(text) }
            #expect(try await database.rows(count)[0].get(0) == 3)
            // More than fit into one batch, and an error in the middle.
            let batch: [SQLText] = [
                "SELECT 5", "SELECT 6", "SELECT 7", "SELECT 8", "SELECT 1 / 0", "SELECT 9", "SELECT 10",
            ]
            _ = try await databaseError { _ = try await database.run(batch.map { SQLStatement($0) }, .read) }
            for text in batch where text != "SELECT 1 / 0" { _ = try await database.rows(text) }
            #expect(try await database.rows(count)[0].get(0) == 3)
        }
    }

    @Test("A table that changed under a prepared statement is noticed and the batch done again, once")
    func stalePlans() async throws {
        try await withPostgreSQL(nil, { ($0.keptConnections, $0.overflowConnections) = (1, 0) }) { database in
            try await database.run(SQLStatement("CREATE TABLE t (a bigint)"), .write)
            #expect(try await database.rows("SELECT * FROM t").isEmpty)
            try await database.run(SQLStatement("ALTER TABLE t ADD COLUMN b text"), .write)
            let insert = SQLStatement("INSERT INTO t (a) VALUES ($1)", [.integer(1)], expecting: .exactly(1))
            let results = try await database.run([insert, SQLStatement("SELECT * FROM t")], .write)
            #expect(results[1].rows.map(\.values) == [[.integer(1), .null]])
            _ = try await database.rows("SELECT * FROM t")
            try await database.run(SQLStatement("DEALLOCATE ALL"), .write)
            #expect(try await database.rows("SELECT * FROM t").count == 1)
        }
    }

    @Test("Large values go out and come in at the same time")
    func largeValues() async throws {
        try await withPostgreSQL { database in
            let text = String(repeating: "0123456789abcdef", count: 500_000)
            let batch = (0..<4).map { _ in SQLStatement("SELECT $1", [.text(text)]) }
            for result in try await database.run(batch, .read) { #expect(try result.rows[0].get(0) == text) }
        }
    }

    @Test("The session is set up as the service needs it, and its URL may add to that")
    func session() async throws {
        let url = try await PostgreSQLServer.freshDatabase()
        try await withPostgreSQL(Secret(url.value + "?options=-c%20work_mem%3D5MB")) { database in
            let names = [
                ("application_name", "chatgpt-backend"), ("statement_timeout", "30s"),
                ("idle_in_transaction_session_timeout", "30s"), ("TimeZone", "UTC"), ("client_encoding", "UTF8"),
                ("work_mem", "5MB"),
            ]
            for (name, value) in names {
                let row = try await database.rows("SELECT current_setting($1)", [.text(name)])[0]
                #expect(try row.get(0) == value)
            }
        }
        let server = try await PostgreSQLServer.instance()
        let socket = server.directory.replacing("/", with: "%2F")
        try await withPostgreSQL(server.url(host: socket)) { try await $0.ping() }
    }

    @Test(
        "What is wrong with the address is one sentence without the password",
        arguments: [
            ("password", "password authentication failed for user \"tester\"", DatabaseError.Code.refused),
            ("database", "database \"nowhere\" does not exist", .refused), ("port", "Connection refused", .unavailable),
            ("host", "could not translate host name", .unavailable), ("url", "libpq does not understand", .refused),
        ])
    func connectErrors(wrong: String, sentence: String, code: DatabaseError.Code) async throws {
        let server = try await PostgreSQLServer.instance()
        let url =
            switch wrong {
            case "password": server.url(password: "hunter3")
            case "database": server.url(database: "nowhere")
            // Nothing listens there: it is a privileged port that nobody uses.
            case "port": server.url(port: 1)
            case "host": server.url(host: "nobody.invalid")
            default: Secret("postgresql://tester:hunter2%zz@127.0.0.1/postgres")
            }
        try await withPostgreSQL(url, { $0.outagePatience = .milliseconds(100) }) { database in
            let error = try await databaseError { _ = try await database.rows("SELECT 1") }
            #expect(error.code == code)
            #expect(error.message.contains(sentence))
            #expect(!error.message.contains("\n"))
            #expect(!error.debugDescription.contains("hunter"))
            #expect(!error.debugDescription.contains("pass/word"))
            let ping = try await databaseError { try await database.ping() }
            #expect(ping.message == error.message)
        }
    }
}
