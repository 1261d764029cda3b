import Testing

@testable import Backend

@Suite("The exchange of a batch", .timeLimit(.minutes(10)))
struct BatchExchangeTests {
    private static func encoded(_ texts: [SQLText], _ expectation: SQLStatement.Expectation = .any) throws
        -> [EncodedStatement]
    {
        try texts.map { try EncodedStatement(SQLStatement($0, expecting: expectation)) }
    }

    @Test("A batch without expectations is one pipeline, and a statement is prepared at its first use")
    func onePipeline() throws {
        var prepared = PreparedStatements(limit: 8)
        var exchange = BatchExchange(try Self.encoded(["A", "B", "A"]), .write, isCheckNeeded: false)
        #expect(
            exchange.begin(&prepared) == [
                .prepare("s1", statement: 0), .execute("s1", statement: 0), .prepare("s2", statement: 1),
                .execute("s2", statement: 1), .execute("s1", statement: 2), .synchronize,
            ])
    }

    @Test("A batch that is judged is committed or rolled back afterwards")
    func judged() throws {
        for (affected, last) in [(1, BatchExchange.Step.commit), (0, .rollback)] {
            var prepared = PreparedStatements(limit: 8)
            var exchange = BatchExchange(try Self.encoded(["A"], .exactly(1)), .write, isCheckNeeded: false)
            #expect(
                exchange.begin(&prepared)
                    == [.begin, .prepare("s1", statement: 0), .execute("s1", statement: 0), .synchronize])
            for _ in 0..<2 {
                _ = exchange.receive(.done(affected: 0, tag: ""), &prepared)
                _ = exchange.receive(.endOfCommand, &prepared)
            }
            _ = exchange.receive(.done(affected: affected, tag: "UPDATE \(affected)"), &prepared)
            _ = exchange.receive(.endOfCommand, &prepared)
            guard case .send(let steps) = exchange.receive(.synchronized, &prepared) else {
                throw Expected(what: "more to send")
            }
            #expect(steps == [last, .synchronize])
        }
    }

    @Test("When a statement fails after one that met no row, what is told is that no row was met")
    func consequence() throws {
        var prepared = PreparedStatements(limit: 8)
        let statements = [
            try EncodedStatement(SQLStatement("A", expecting: .exactly(1))), try EncodedStatement(SQLStatement("B")),
        ]
        var exchange = BatchExchange(statements, .write, isCheckNeeded: false)
        _ = exchange.begin(&prepared)
        for (affected, tag) in [(0, "BEGIN"), (0, "PREPARE"), (0, "UPDATE 0"), (0, "PREPARE")] {
            _ = exchange.receive(.done(affected: affected, tag: tag), &prepared)
            _ = exchange.receive(.endOfCommand, &prepared)
        }
        _ = exchange.receive(.failed(ServerError(sqlState: "23505", message: "duplicate")), &prepared)
        _ = exchange.receive(.endOfCommand, &prepared)
        guard case .send(let steps) = exchange.receive(.synchronized, &prepared) else {
            throw Expected(what: "a rollback")
        }
        #expect(steps == [.rollback, .synchronize])
        guard case .finish(.failure(let error)) = exchange.receive(.synchronized, &prepared) else {
            throw Expected(what: "a failure")
        }
        #expect(error.code == .expectationFailed)
        #expect(error.statementIndex == 0)
    }

    @Test("Nothing is sent before the sign of life, and what was not prepared is prepared another time")
    func checkThenFailure() throws {
        var prepared = PreparedStatements(limit: 8)
        var exchange = BatchExchange(try Self.encoded(["A", "B"]), .read, isCheckNeeded: true)
        #expect(exchange.begin(&prepared) == [.synchronize])
        #expect(!exchange.isUnderWay)
        _ = exchange.receive(.synchronized, &prepared)
        #expect(exchange.isUnderWay)
        _ = exchange.receive(.failed(ServerError(sqlState: "42601", message: "syntax error")), &prepared)
        for _ in 0..<3 {
            _ = exchange.receive(.endOfCommand, &prepared)
            _ = exchange.receive(.skipped, &prepared)
        }
        _ = exchange.receive(.endOfCommand, &prepared)
        guard case .finish(.failure(let error)) = exchange.receive(.synchronized, &prepared) else {
            throw Expected(what: "a failure")
        }
        #expect(error.code == .refused)
        #expect(prepared.count == 0)
    }

    @Test("The least recently used statement makes room; NULL fits every type")
    func leastRecentlyUsed() {
        var prepared = PreparedStatements(limit: 2)
        #expect(prepared.use("A", [20]) == PreparedStatements.Use(name: "s1", isNew: true, evicted: nil))
        #expect(prepared.use("B", []).name == "s2")
        #expect(prepared.use("A", [0]) == PreparedStatements.Use(name: "s1", isNew: false, evicted: nil))
        #expect(prepared.use("A", [25]) == PreparedStatements.Use(name: "s3", isNew: true, evicted: "s2"))
        #expect(prepared.count == 2)
        prepared.forgetAll()
        #expect(prepared.takeToDeallocate() == ["ALL"])
        #expect(prepared.use("A", [20]).isNew)
    }
}
