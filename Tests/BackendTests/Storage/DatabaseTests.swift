import Foundation
import Logging
import Testing

@testable import Backend

/// Runs `test` while `database` lives.
func closing(_ database: any Database, _ test: () async throws -> Void) async throws {
    let life = Task { try await database.run() }
    let result: Result<Void, any Error>
    do { result = .success(try await test()) } catch { result = .failure(error) }
    life.cancel()
    try await life.value
    try result.get()
}

extension Logger {
    /// Says nothing.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// The error that `body` ends with.
func databaseError(_ body: () async throws -> Void) async throws -> DatabaseError {
    do { try await body() } catch let error as DatabaseError { return error }
    throw Expected(what: "a DatabaseError")
}

struct Expected: Error {
    let what: String
}

/// What every database promises, whichever it is.
@Suite("Databases", .timeLimit(.minutes(5)))
struct DatabaseTests {
    private static let createValues = SQLText(
        sqlite: """
            CREATE TABLE example (id INTEGER PRIMARY KEY, i INTEGER, d REAL, t TEXT, y BLOB, b INTEGER, s INTEGER, u TEXT, j TEXT)
            """,
        postgreSQL: """
            CREATE TABLE example (id bigint PRIMARY KEY, i bigint, d double precision, t text, y bytea, b boolean, s timestamptz,
                u uuid, j jsonb)
            """)
    private static let insertValues: SQLText = "INSERT INTO example VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    private static let createNames: SQLText =
        "CREATE TABLE names (id bigint PRIMARY KEY, name text NOT NULL, CONSTRAINT names_unique UNIQUE (name))"
    private static let insertName: SQLText = "INSERT INTO names (id, name) VALUES ($1, $2)"
    private static let countNames: SQLText = "SELECT count(*) FROM names"

    @Test("Every type of value comes back as it was given, also at its extremes", arguments: DatabaseMaker.all)
    func values(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            try await database.run(SQLStatement(Self.createValues), .write)
            let integers: [Int64] = [0, -1, .min, .max]
            let doubles = [0, -0.5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity]
            let texts = [
                "", "plain", "ü 🚀 \u{FFFD}\u{10FFFF}", "'; DROP TABLE example; --",
                String(repeating: "long ", count: 50_000),
            ]
            let bytes: [[UInt8]] = [[], [0], Array(0...255), [UInt8](repeating: 0xff, count: 1_000_000)]
            let times: [Int64] = [0, -1, 1, 946_684_800_000_000, 253_402_300_799_999_999, -62_135_596_800_000_000]
            let documents = ["{}", "[]", "null", #"{"a": [1, "ü"]}"#, "\"\""]
            for round in 0..<6 {
                let integer = integers[round % integers.count]
                let double = doubles[round % doubles.count]
                let text = texts[round % texts.count]
                let blob = bytes[round % bytes.count]
                let time = Timestamp(microseconds: times[round])
                let uuid = round == 0 ? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)) : UUID()
                let document = documents[round % documents.count]
                try await database.run(
                    SQLStatement(
                        Self.insertValues,
                        [
                            round.sqlValue, integer.sqlValue, double.sqlValue, text.sqlValue, blob.sqlValue,
                            (round % 2 == 0).sqlValue, time.sqlValue, uuid.sqlValue, .json(document),
                        ]), .write)
                let row = try #require(
                    try await database.rows("SELECT * FROM example WHERE id = $1", [round.sqlValue]).first)
                #expect(try row.get(1) == integer)
                #expect(try row.get(2) == double)
                #expect(try row.get(3) == text)
                #expect(try row.get(4) == blob)
                #expect(try row.get(5) == (round % 2 == 0))
                #expect(try row.get(6) == time)
                #expect(try row.get(7) == uuid)
                #expect(try row.get(8, as: String.self) == document)
            }
        }
    }

    @Test("NULL is NULL in every type, and no value of any", arguments: DatabaseMaker.all)
    func nulls(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            try await database.run(SQLStatement(Self.createValues), .write)
            let nulls = [SQLValue](repeating: .null, count: 8)
            try await database.run(SQLStatement(Self.insertValues, [1.sqlValue] + nulls), .write)
            let row = try #require(try await database.rows("SELECT * FROM example").first)
            #expect(row.values == [.integer(1)] + nulls)
            #expect(try row.getOptional(1, as: Int64.self) == nil)
            #expect(throws: DatabaseError.self) { try row.get(3, as: String.self) }
            // A text prepared with NULLs takes values too.
            let values: [SQLValue] = [
                .integer(2), .integer(3), .double(4), .text("5"), .bytes([6]), .boolean(true),
                .timestamp(Timestamp(microseconds: 7)), .uuid(UUID()), .json("8"),
            ]
            #expect(try await database.run(SQLStatement(Self.insertValues, values), .write).affectedRows == 1)
        }
    }

    @Test("Results tell how many rows were touched, and RETURNING gives them", arguments: DatabaseMaker.all)
    func affectedRows(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            let results = try await database.run(
                [
                    SQLStatement(Self.createNames), SQLStatement(Self.insertName, [.integer(1), .text("a")]),
                    SQLStatement(Self.insertName, [.integer(2), .text("b")]),
                    SQLStatement("UPDATE names SET name = name || $1 RETURNING id, name", [.text("!")]),
                    SQLStatement("SELECT id FROM names ORDER BY id"),
                    SQLStatement("DELETE FROM names WHERE id = $1", [.integer(9)]),
                ], .write)
            #expect(results.count == 6)
            #expect(results[1].affectedRows == 1)
            #expect(results[3].affectedRows == 2)
            #expect(Set(results[3].rows.map(\.values)) == [[.integer(1), .text("a!")], [.integer(2), .text("b!")]])
            #expect(results[4].rows.map(\.values) == [[.integer(1)], [.integer(2)]])
            #expect(results[5].affectedRows == 0)
            #expect(try await database.run([], .write).isEmpty)
            try await database.ping()
        }
    }

    @Test("Of a batch that fails nothing stays, and the constraint is named", arguments: DatabaseMaker.all)
    func atomicity(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            try await database.run(SQLStatement(Self.createNames), .write)
            let error = try await databaseError {
                _ = try await database.run(
                    [
                        SQLStatement(Self.insertName, [.integer(1), .text("hunter2")]),
                        SQLStatement(Self.insertName, [.integer(2), .text("hunter2")]),
                        SQLStatement(Self.insertName, [.integer(3), .text("other")]),
                    ], .write)
            }
            #expect(error.code == .uniqueViolation)
            #expect(error.constraint == (database.dialect == .sqlite ? "names.name" : "names_unique"))
            #expect(!error.isTransient)
            #expect(!"\(error) \(error.debugDescription)".contains("hunter2"))
            #expect(try await database.rows(Self.countNames)[0].get(0) == 0)
        }
    }

    @Test("A reference to nothing is told from other errors", arguments: DatabaseMaker.all)
    func foreignKeys(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            _ = try await database.run(
                [SQLStatement(Self.createNames), SQLStatement("CREATE TABLE parts (id bigint REFERENCES names (id))")],
                .write)
            let error = try await databaseError {
                try await database.run(SQLStatement("INSERT INTO parts VALUES ($1)", [.integer(1)]), .write)
            }
            #expect(error.code == .foreignKeyViolation)
            let refused = try await databaseError { _ = try await database.rows("SELECT nothing FROM names") }
            #expect(refused.code == .refused)
            #expect(!refused.isTransient)
        }
    }

    @Test("A batch is undone when a statement does not do what is expected of it", arguments: DatabaseMaker.all)
    func expectations(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            try await database.run(SQLStatement(Self.createNames), .write)
            let insert = SQLStatement(Self.insertName, [.integer(1), .text("a")], expecting: .exactly(1))
            let update = { (id: Int64) in
                SQLStatement(
                    "UPDATE names SET name = $2 WHERE id = $1", [.integer(id), .text("b")], expecting: .exactly(1))
            }
            let error = try await databaseError { _ = try await database.run([insert, update(7)], .write) }
            #expect(error.code == .expectationFailed)
            #expect(error.statementIndex == 1)
            #expect(try await database.rows(Self.countNames)[0].get(0) == 0)
            #expect(try await database.run([insert, update(1)], .write).map(\.affectedRows) == [1, 1])
            #expect(try await database.rows("SELECT name FROM names")[0].get(0) == "b")
            // A violated constraint in such a batch is that, and not a failed expectation.
            let violation = try await databaseError { _ = try await database.run([update(1), insert], .write) }
            #expect(violation.code == .uniqueViolation)
            let read = try await databaseError {
                _ = try await database.run(SQLStatement("SELECT 1 WHERE 1 = 0", expecting: .exactly(1)), .read)
            }
            #expect(read.code == .expectationFailed)
            #expect(try await database.rows(Self.countNames)[0].get(0) == 1)
        }
    }

    @Test("SQL in a value is only a value; a NUL character is refused in so many words", arguments: DatabaseMaker.all)
    func injection(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            try await database.run(SQLStatement(Self.createNames), .write)
            let attacks = [
                "'", "''; DROP TABLE names; --", "$1", "\\", "\\'; SELECT 1", "%_", "/*", "\u{2019}", "\"", "a\r\nb\t",
            ]
            for (id, attack) in attacks.enumerated() {
                try await database.run(SQLStatement(Self.insertName, [id.sqlValue, .text(attack)]), .write)
                let rows = try await database.rows("SELECT id FROM names WHERE name = $1", [.text(attack)])
                #expect(rows.map(\.values) == [[id.sqlValue]])
            }
            let error = try await databaseError {
                try await database.run(SQLStatement(Self.insertName, [.integer(99), .text("hunter2\0")]), .write)
            }
            #expect(error.code == .invalidValue)
            #expect(error.description.contains("NUL"))
            #expect(!error.debugDescription.contains("hunter2"))
            #expect(try await database.rows(Self.countNames)[0].get(0) == attacks.count)
        }
    }

    @Test("Many tasks at once all get their own answers", arguments: DatabaseMaker.all)
    func concurrency(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            try await database.run(SQLStatement(Self.createNames), .write)
            try await withThrowingTaskGroup { group in
                for id in 0..<200 {
                    group.addTask {
                        try await database.run(SQLStatement(Self.insertName, [id.sqlValue, .text("\(id)")]), .write)
                        let rows = try await database.rows("SELECT name FROM names WHERE id = $1", [id.sqlValue])
                        #expect(try rows.first?.get(0) == "\(id)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(database.poolState.inUse == 0)
            #expect(database.poolState.waiting == 0)
        }
    }

    @Test("A closed database says so", arguments: DatabaseMaker.all)
    func closed(maker: DatabaseMaker) async throws {
        let database = try DatabaseMaker.open(try await maker.address())
        try await closing(database) { try await database.ping() }
        let error = try await databaseError { try await database.ping() }
        #expect(error.code == .unavailable)
        #expect(database.poolState.inUse == 0)
    }
}
