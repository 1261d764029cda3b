import Foundation
import Testing

@testable import Backend

@Suite struct MigratorTests {
    @Test func anEmptyDatabaseBecomesCurrentAndTheSecondRunFindsNothingToDo() async throws {
        let database = try SQLiteDatabase(path: nil)
        let migrator = Migrator(database: database)
        #expect(try await migrator.state() == .behind(version: 0, pending: Migration.latest))
        #expect(try await migrator.migrate().map(\.number) == Array(1...Migration.latest))
        #expect(try await migrator.state() == .current(version: Migration.latest))
        #expect(try await migrator.migrate().isEmpty)
    }

    @Test func aStepThatFailsLeavesNothingOfItself() async throws {
        let database = try SQLiteDatabase(path: nil)
        let broken = Migration(
            number: 1, name: "broken", statements: ["CREATE TABLE half (a INTEGER)", "CREATE TABLE half (a INTEGER)"])
        let migrator = Migrator(database: database, migrations: [broken])
        await #expect(throws: DatabaseError.self) { try await migrator.migrate() }
        #expect(try await migrator.state() == .behind(version: 0, pending: 1))
        #expect(try await database.rows("SELECT name FROM sqlite_schema WHERE name = 'half'").isEmpty)
    }

    @Test func aDatabaseNewerThanTheProgramIsRefusedWithBothVersions() async throws {
        let database = try SQLiteDatabase(path: nil)
        try await Migrator(database: database).migrate()
        try await database.run(
            SQLStatement(
                "INSERT INTO schema_migrations (number, name, applied_at) VALUES ($1, $2, $3)",
                [.integer(99), .text("of the future"), Timestamp.now.sqlValue]), .write)
        let error = await #expect(throws: DatabaseError.self) { try await Migrator(database: database).migrate() }
        #expect(error?.code == .schemaTooNew)
        #expect(error?.message.contains("99") == true)
    }

    @Test func replicasThatMigrateAtOnceCarryOutEachStepOnce() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("migrate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("app.db").path
        let steps = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { try await Migrator(database: SQLiteDatabase(path: path)).migrate().count }
            }
            return try await group.reduce(0, +)
        }
        #expect(steps == Migration.latest)
    }
}
