import Foundation
import HTTPTypes
import Testing

@testable import Backend

@Suite struct MigratorTests {
    @Test(arguments: DatabaseMaker.all)
    func anEmptyDatabaseBecomesCurrentAndTheSecondRunFindsNothingToDo(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { (database) async throws in
            let migrator = Migrator(database: database)
            #expect(try await migrator.state() == .behind(version: 0, pending: Migration.latest))
            #expect(try await migrator.migrate().map(\.number) == Array(1...Migration.latest))
            #expect(try await migrator.state() == .current(version: Migration.latest))
            #expect(try await migrator.migrate().isEmpty)
        }
    }

    @Test(arguments: DatabaseMaker.all)
    func aStepThatFailsLeavesNothingOfItself(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { (database) async throws in
            let broken = Migration(
                number: 1, name: "broken",
                statements: ["CREATE TABLE half (a INTEGER)", "CREATE TABLE half (a INTEGER)"])
            let migrator = Migrator(database: database, migrations: [broken])
            await #expect(throws: DatabaseError.self) { try await migrator.migrate() }
            #expect(try await migrator.state() == .behind(version: 0, pending: 1))
            let tables = SQLText(
                sqlite: "SELECT name FROM sqlite_schema WHERE name = 'half'",
                postgreSQL: "SELECT relname FROM pg_class WHERE relname = 'half'")
            #expect(try await database.rows(tables).isEmpty)
        }
    }

    @Test(arguments: DatabaseMaker.all)
    func aDatabaseNewerThanTheProgramIsRefusedWithBothVersions(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { (database) async throws in
            try await Migrator(database: database).migrate()
            try await database.run(
                SQLStatement(
                    "INSERT INTO schema_migrations (number, name, applied_at) VALUES ($1, $2, $3)",
                    [.integer(99), .text("of the future"), Timestamp.now.sqlValue]), .write)
            let error = await #expect(throws: DatabaseError.self) { try await Migrator(database: database).migrate() }
            #expect(error?.code == .schemaTooNew)
            #expect(error?.message.contains("99") == true)
        }
    }

    @Test(arguments: DatabaseMaker.all)
    func replicasThatMigrateAtOnceCarryOutEachStepOnce(maker: DatabaseMaker) async throws {
        try await maker.withSharedAddress { address in
            let steps = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var count = 0
                        let database = try DatabaseMaker.open(address)
                        try await closing(database) { count = try await Migrator(database: database).migrate().count }
                        return count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(steps == Migration.latest)
        }
    }

    @Test("Until the schema is there, requests get 503 and not an error of this program", arguments: DatabaseMaker.all)
    func beforeTheSchema(maker: DatabaseMaker) async throws {
        try await maker.withEmpty { database in
            let error = try await databaseError { _ = try await Store(database: database).user(UUID()) }
            #expect(error.code == .schemaTooOld)
            let answer = APIError(error)
            #expect(answer.status == .serviceUnavailable)
            #expect(answer.headers[.retryAfter] != nil)
            #expect(error.isOutOfOrder)
        }
    }
}
