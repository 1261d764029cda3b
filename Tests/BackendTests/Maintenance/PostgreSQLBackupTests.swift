import Foundation
import Glibc
import Logging
import SystemPackage
import Testing

@testable import Backend

/// A PostgreSQL database with the schema and awkward contents, and a folder for backups.
private struct PostgreSQLMaintenance {
    let address: Secret
    let folder: URL
    var backups: String { folder.appendingPathComponent("backups").path }
    /// This process's environment.
    var variables = ProcessInfo.processInfo.environment

    private static let awkward = [
        "it's \"quoted\"\n\\.\n; -- no comment /* none\r\n", "😀 \u{1}\u{7F}\u{FEFF}", "", "\\N",
        "$check$ \\connect x\n\\q\n",
        "COMMIT;", String(repeating: "x\n;'", count: 250_000),
    ]

    init() async throws {
        address = try await PostgreSQLServer.freshDatabase()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("backup-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: folder.path + "/backups", withIntermediateDirectories: true)
        try await with(address) { database in
            try await Migrator(database: database).migrate()
            let store = Store(database: database)
            for name in Self.awkward {
                let user = try await store.insertTestUser()
                try await database.run(
                    SQLStatement(
                        "UPDATE users SET name = $2, created_at = 'infinity', updated_at = '4713-01-01 BC' WHERE id = $1",
                        [user.sqlValue, name.sqlValue]), .write)
                let key = APIKey(
                    id: .version7(), name: "k", prefix: "", createdAt: .now, lastUsedAt: nil, expiresAt: nil)
                try await store.insert(key, APIKeySecret().digest, for: user)
            }
            // Enough for a dump to take a while.
            try await database.run(
                """
                INSERT INTO users (id, email, name, password_hash, role, created_at, updated_at, password_changed_at)
                SELECT gen_random_uuid(), n || '@example.com', repeat(md5(n::text), 8), 'x', 'user', now(), now(), now()
                FROM generate_series(1, 20000) AS n
                """)
        }
    }

    func with(_ address: Secret, _ body: (any Database) async throws -> Void) async throws {
        let database = try DatabaseMaker.open(address)
        try await closing(database) { try await body(database) }
    }

    /// Changes what is there, so that a restore has something to do.
    func change(_ address: Secret) async throws {
        try await with(address) { database in
            try await database.run("DELETE FROM users WHERE email LIKE '1%'")
            try await database.run("UPDATE users SET name = 'changed'")
        }
    }

    var gzip: Gzip { Gzip(environment: ChildProgram.inherited(variables), logger: .silent) }

    private func programs(_ address: Secret) throws -> PostgreSQLPrograms {
        try PostgreSQLPrograms(url: address, variables: variables, logger: .silent)
    }

    func backUp() async throws -> BackupName {
        try await BackupJob(
            source: PostgreSQLDumpSource(programs: try programs(address)), directory: backups,
            retention: BackupRetention(days: 7), gzip: gzip, logger: .silent
        ).run()
    }

    func restore(
        _ name: BackupName, to address: Secret, _ replacing: RestoreJob.Replacing = .ownContents
    ) async throws -> Int {
        try await RestoreJob(
            target: PostgreSQLRestoreTarget(programs: try programs(address)), gzip: gzip, logger: .silent
        )
        .run(try BackupFile(path(name)), replacing: replacing)
    }

    func path(_ name: BackupName) -> String { "\(backups)/\(name)" }

    func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: backups).filter { $0 != ".chatgpt-backend.lock" }.sorted()
    }

    /// Everything that is in a database, as text: the digest of each table's rows, the tables' parts, and the indexes.
    func contents(_ address: Secret) async throws -> [String] {
        var all: [String] = []
        try await with(address) { database in
            for text: SQLText in [
                """
                SELECT relname || ': ' || md5(query_to_xml(
                    format('SELECT t::text FROM %I t ORDER BY 1', relname), true, false, '')::text)
                FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
                """,
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY conname",
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname",
                """
                SELECT table_name || column_name || data_type || is_nullable || coalesce(column_default, '')
                FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1
                """,
            ] {
                all += try await database.rows(text).map { try $0.get(0, as: String.self) }
            }
        }
        return all
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

extension Database {
    /// Runs a statement without arguments that PostgreSQL alone is to understand.
    fileprivate func run(_ text: SQLText) async throws { try await run(SQLStatement(text), .write) }
}

@Suite("Backups of PostgreSQL", .timeLimit(.minutes(5)))
struct PostgreSQLBackupTests {
    @Test("A backup restores to the same contents, into an empty database and over a changed one")
    func roundTrip() async throws {
        let fixture = try await PostgreSQLMaintenance()
        defer { fixture.remove() }
        let before = try await fixture.contents(fixture.address)
        let name = try await fixture.backUp()
        #expect(try fixture.files() == ["\(name)", name.manifest])
        let manifest = try #require(try BackupFile(fixture.path(name)).manifest)
        #expect(manifest.rows["public.users"] == 20_007)
        let empty = try await PostgreSQLServer.freshDatabase()
        #expect(try await fixture.restore(name, to: empty) == Migration.latest)
        #expect(try await fixture.contents(empty) == before)
        try await fixture.change(fixture.address)
        #expect(try await fixture.contents(fixture.address) != before)
        #expect(try await fixture.restore(name, to: fixture.address) == Migration.latest)
        #expect(try await fixture.contents(fixture.address) == before)
    }

    @Test("A backup that is damaged, cut off or not what its manifest says leaves the database as it was")
    func damaged() async throws {
        let fixture = try await PostgreSQLMaintenance()
        defer { fixture.remove() }
        let name = try await fixture.backUp()
        let file = URL(fileURLWithPath: fixture.path(name))
        let manifest = URL(fileURLWithPath: "\(fixture.backups)/\(name.manifest)")
        let good = try Data(contentsOf: file)
        try await fixture.change(fixture.address)
        let before = try await fixture.contents(fixture.address)
        func refused(_ what: String) async throws {
            let error = await #expect(throws: MaintenanceError.self, "\(what)") {
                _ = try await fixture.restore(name, to: fixture.address, .everything)
            }
            #expect(error?.status == .dataError, "\(what): \(String(describing: error))")
            #expect(try await fixture.contents(fixture.address) == before, "\(what)")
        }

        // Another number of rows, which only shows once they are in the table.
        let told = try String(contentsOf: manifest, encoding: .utf8)
        try told.replacing("20007", with: "20008").write(to: manifest, atomically: true, encoding: .utf8)
        try await refused("a wrong count")
        try told.write(to: manifest, atomically: true, encoding: .utf8)

        let seed = UInt64.random(in: 0...UInt64.max)
        // Not in the header's flags and time, which gzip does not check.
        let position = max(10, Int(seed % UInt64(good.count)))
        for hasManifest in [true, false] {
            if !hasManifest { try FileManager.default.removeItem(at: manifest) }
            var flipped = good
            flipped[position] ^= 0x40
            for (kind, bad) in [("flipped", flipped), ("cut", good.dropLast(good.count / 3)), ("empty", Data())] {
                try bad.write(to: file)
                try await refused("\(kind), seed \(seed), manifest: \(hasManifest)")
            }
        }
        // Well compressed and whole, and yet a statement near its end fails.
        try good.write(to: file)
        let edit =
            #"gzip -dc "$0" | sed 's/^-- PostgreSQL database dump complete/SELECT 1 \/ 0;\n&/' | gzip >"$0.new" && mv "$0.new" "$0""#
        try ShortProgram.run(["/bin/bash", "-c", edit, file.path])
        try await refused("a failing statement")
    }

    @Test("Others' tables are replaced only by force")
    func othersTables() async throws {
        let fixture = try await PostgreSQLMaintenance()
        defer { fixture.remove() }
        let name = try await fixture.backUp()
        let other = try await PostgreSQLServer.freshDatabase()
        try await fixture.with(other) { try await $0.run("CREATE TABLE invoices (a integer)") }
        let error = await #expect(throws: MaintenanceError.self) { _ = try await fixture.restore(name, to: other) }
        #expect(error?.status == .noPermission)
        #expect(error?.description.contains("invoices") == true)
        #expect(try await fixture.restore(name, to: other, .everything) == Migration.latest)
        #expect(try await fixture.contents(other) == fixture.contents(fixture.address))
    }

    @Test("A backup that is killed leaves nothing under a final name that is not whole")
    func killedBackup() async throws {
        let fixture = try await PostgreSQLMaintenance()
        defer { fixture.remove() }
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5 {
            let process = try BackendProcess(
                ["backup", "--directory", fixture.backups], ["DATABASE_URL": fixture.address.value])
            // The moment is what varies.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...1_500, using: &random)))
            process.signal(SIGKILL)
            _ = try await process.status()
            for file in try fixture.files() {
                guard let name = BackupName(file) else { continue }
                let empty = try await PostgreSQLServer.freshDatabase()
                await #expect(throws: Never.self, "seed \(seed)") { _ = try await fixture.restore(name, to: empty) }
            }
        }
        let name = try await fixture.backUp()
        #expect(try fixture.files().filter { $0.hasPrefix(".") }.isEmpty)
        #expect(try fixture.files().contains("\(name)"))
    }

    @Test("A restore that is killed has changed all or nothing")
    func killedRestore() async throws {
        let fixture = try await PostgreSQLMaintenance()
        defer { fixture.remove() }
        let name = try await fixture.backUp()
        let restored = try await fixture.contents(fixture.address)
        try await fixture.change(fixture.address)
        let changed = try await fixture.contents(fixture.address)
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var unchanged = 0
        for _ in 0..<6 {
            let process = try BackendProcess(
                ["restore", "--file", fixture.path(name)], ["DATABASE_URL": fixture.address.value])
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...700, using: &random)))
            process.signal(SIGKILL)
            _ = try await process.status()
            // psql outlives it for as long as it has something to read.
            try await fixture.with(fixture.address) { database in
                let isAlone = try await eventually {
                    try await database.rows(
                        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'chatgpt-backend' AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND query NOT LIKE '%pg_stat_activity%'"
                    ).isEmpty
                }
                #expect(isAlone)
            }
            let contents = try await fixture.contents(fixture.address)
            #expect(contents == changed || contents == restored, "seed \(seed)")
            if contents == changed { unchanged += 1 } else { try await fixture.change(fixture.address) }
        }
        print("unchanged \(unchanged) of 6")
        #expect(try await fixture.restore(name, to: fixture.address) == Migration.latest)
        #expect(try await fixture.contents(fixture.address) == restored)
    }

    @Test("A folder in which nothing can be written is told of, before anything is read")
    func unwritable() async throws {
        // Where not even root makes files.
        let process = try BackendProcess(
            ["backup", "--directory", "/proc"], ["DATABASE_URL": "postgresql://nowhere/x"])
        #expect(try await process.status() != 0)
        #expect(process.complaints.contains("write in the folder /proc"), "\(process.complaints)")
    }

    @Test(
        "A full disk ends a backup with a sentence and without a trace",
        .enabled(if: SmallDisk.isAvailable, SmallDisk.reason))
    func fullDisk() async throws {
        let fixture = try await PostgreSQLMaintenance()
        defer { fixture.remove() }
        let process = try BackendProcess(
            ["backup", "--directory", fixture.backups], ["DATABASE_URL": fixture.address.value],
            through: SmallDisk.listingWrapper(fixture.backups, size: "64k"))
        #expect(try await process.status() == 74)
        #expect(process.complaints.contains("No space left on device"), "\(process.complaints)")
        #expect(process.output.split(separator: "\n") == [".chatgpt-backend.lock"])
    }

    @Test("A pg_dump that is older than the server is refused")
    func olderProgram() async throws {
        var fixture = try await PostgreSQLMaintenance()
        defer { fixture.remove() }
        let program = fixture.folder.appendingPathComponent("pg_dump")
        try "#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.1'\n".write(to: program, atomically: true, encoding: .utf8)
        #expect(chmod(program.path, 0o755) == 0)
        fixture.variables["PATH"] = "\(fixture.folder.path):\(fixture.variables["PATH"] ?? "/usr/bin:/bin")"
        let error = await #expect(throws: MaintenanceError.self) { _ = try await fixture.backUp() }
        #expect(error?.description.contains("pg_dump 12 cannot back up") == true, "\(String(describing: error))")
        #expect(try fixture.files().isEmpty)
    }
}
