import Foundation
import Glibc
import Logging
import SystemPackage
import Testing

@testable import Backend

/// A folder with a migrated SQLite database with awkward contents, and a folder for backups.
private struct MaintenanceFixture {
    let folder: URL
    var database: String { folder.appendingPathComponent("app.db").path }
    var backups: String { folder.appendingPathComponent("backups").path }
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static let awkward = [
        "it's \"quoted\"\n\\.\n; -- no comment /* none\r\n", "😀\u{0}after a NUL", "", "END;",
        String(repeating: "x\n;'", count: 250_000),
    ]

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("backup-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: folder.path + "/backups", withIntermediateDirectories: true)
        let database = try SQLiteDatabase(path: self.database)
        try await Migrator(database: database).migrate()
        for (index, text) in Self.awkward.enumerated() {
            // CAST, as a NUL ends text on its way to SQLite.
            try await database.run(
                SQLStatement(
                    """
                    INSERT INTO users (id, email, name, password_hash, role, created_at, updated_at, password_changed_at)
                    VALUES ($1, $1, CAST($2 AS TEXT), 'h', 'user', -9223372036854775808, 1, 9223372036854775807)
                    """, [.text("user-\(index)"), .bytes(Array(text.utf8))]), .write)
        }
        try await database.run(
            SQLStatement(
                """
                INSERT INTO api_keys (id, user_id, name, prefix, key_hash, created_at) VALUES ('k', 'user-0', '', '', $1, 1)
                """, [.bytes(Array(0...255))]), .write)
        try database.close()
    }

    var gzip: Gzip {
        Gzip(environment: ChildProgram.inherited(ProcessInfo.processInfo.environment), logger: logger)
    }

    /// - Parameter time: What the clock says at the beginning; it goes on from there, as names are waited for that are not taken.
    func backUp(days: Int = 7, at time: Timestamp = .now) async throws -> BackupName {
        let start = ContinuousClock.now
        return try await BackupJob(
            source: SQLiteDumpSource(path: database), directory: backups, retention: BackupRetention(days: days),
            gzip: gzip, logger: logger, now: { time + (ContinuousClock.now - start) }
        ).run()
    }

    func restore(_ file: String, to path: String, _ replacing: RestoreJob.Replacing = .ownContents) async throws -> Int
    {
        try await RestoreJob(target: SQLiteRestoreTarget(path: path), gzip: gzip, logger: logger)
            .run(try BackupFile(file), replacing: replacing)
    }

    func path(_ name: BackupName) -> String { "\(backups)/\(name)" }

    /// Everything that is in a database, as text.
    func contents(_ path: String) async throws -> [String] {
        let database = try SQLiteDatabase(path: path)
        defer { try? database.close() }
        var all: [String] = []
        for text: SQLText in [
            "SELECT id, hex(CAST(name AS BLOB)), typeof(name), created_at, password_changed_at FROM users ORDER BY id",
            "SELECT id, hex(key_hash) FROM api_keys", "SELECT * FROM schema_migrations",
            "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name",
        ] {
            all += try await database.rows(text).map { "\($0.values)" }
        }
        return all
    }

    func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: backups).filter { $0 != ".chatgpt-backend.lock" }.sorted()
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

@Suite struct BackupTests {
    @Test func aBackupRestoresToTheSameContents() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let name = try await fixture.backUp()
        #expect(try fixture.files() == ["\(name)", name.manifest])
        let target = fixture.folder.appendingPathComponent("new.db").path
        #expect(try await fixture.restore(fixture.path(name), to: target) == Migration.latest)
        let restored = try await fixture.contents(target)
        #expect(try await fixture.contents(fixture.database) == restored)
        // The same contents give the same file.
        let manifest = try #require(try BackupFile(fixture.path(name)).manifest)
        let again = try await fixture.backUp(at: .now + .seconds(2))
        #expect(try BackupFile(fixture.path(again)).manifest?.sha256 == manifest.sha256)
        #expect(manifest.rows["users"] == Int64(MaintenanceFixture.awkward.count))
    }

    @Test func aDamagedBackupIsRefusedAndTheTargetStaysAsItWas() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let name = try await fixture.backUp()
        let good = try Data(contentsOf: URL(fileURLWithPath: fixture.path(name)))
        let before = try await fixture.contents(fixture.database)
        let seed = UInt64.random(in: 0...UInt64.max)
        var position = Int(seed % UInt64(good.count))
        for hasManifest in [true, false] {
            if !hasManifest { try FileManager.default.removeItem(atPath: "\(fixture.backups)/\(name.manifest)") }
            var flipped = good
            // Not in the header's flags and time, which gzip does not check.
            position = max(position, 10)
            flipped[position] ^= 0x40
            for (kind, bad) in [("flipped", flipped), ("cut", good.dropLast(good.count / 3)), ("empty", Data())] {
                try bad.write(to: URL(fileURLWithPath: fixture.path(name)))
                let error = await #expect(throws: MaintenanceError.self, "\(kind), seed \(seed)") {
                    _ = try await fixture.restore(fixture.path(name), to: fixture.database, .everything)
                }
                #expect(error?.status == .dataError, "\(kind), seed \(seed): \(String(describing: error))")
            }
        }
        #expect(try await fixture.contents(fixture.database) == before)
    }

    @Test func aDatabaseInUseIsNotReplaced() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let name = try await fixture.backUp()
        let service = try SQLiteDatabase(path: fixture.database)
        try await service.ping()
        let error = await #expect(throws: MaintenanceError.self) {
            _ = try await fixture.restore(fixture.path(name), to: fixture.database)
        }
        #expect(error?.status == .temporaryFailure)
        try service.close()
        _ = try await fixture.restore(fixture.path(name), to: fixture.database)
    }

    @Test func othersTablesAreReplacedOnlyByForce() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let name = try await fixture.backUp()
        let path = fixture.folder.appendingPathComponent("other.db").path
        let other = try SQLiteDatabase(path: path)
        try await other.run(SQLStatement("CREATE TABLE invoices (a INTEGER)"), .write)
        try other.close()
        let error = await #expect(throws: MaintenanceError.self) {
            _ = try await fixture.restore(fixture.path(name), to: path)
        }
        #expect(error?.status == .noPermission)
        #expect(error?.description.contains("invoices") == true)
        _ = try await fixture.restore(fixture.path(name), to: path, .everything)
    }

    @Test func aBackupThatFailsLeavesNothingAndRemovesNothing() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let old = try await fixture.backUp(at: Timestamp(microseconds: 1_700_000_000_000_000))
        struct Broken: DumpSource {
            func dump(to output: FileDescriptor, workspace: FilePath) async throws -> DumpedContents {
                try output.writeAll(Array("-- half".utf8))
                throw MaintenanceError.unavailable("broken")
            }
        }
        await #expect(throws: MaintenanceError.self) {
            _ = try await BackupJob(
                source: Broken(), directory: fixture.backups, retention: BackupRetention(days: 1), gzip: fixture.gzip,
                logger: fixture.logger
            ).run()
        }
        #expect(try fixture.files() == ["\(old)", old.manifest])
    }

    @Test func twoBackupsAtOnceAreRefusedAndLeftoversGo() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let leftover = fixture.backups + "/.db_backup_20200101_000000.sql.gz.partial"
        #expect(FileManager.default.createFile(atPath: leftover, contents: Data([1])))
        do {
            let held = try BackupFolder(fixture.backups)
            let error = await #expect(throws: MaintenanceError.self) { _ = try await fixture.backUp() }
            #expect(error?.status == .temporaryFailure)
            withExtendedLifetime(held) {}
        }
        let name = try await fixture.backUp()
        #expect(try fixture.files() == ["\(name)", name.manifest])
        #expect(throws: MaintenanceError.self) { try BackupFolder(fixture.backups + "/missing") }
    }

    @Test func oldBackupsGoByTheirNamesAndTheNewOneNever() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        let day = Duration.seconds(86_400)
        var names: [BackupName] = []
        for age in [30, 8, 6] { names.append(try await fixture.backUp(days: 1000, at: now - day * age)) }
        for other in ["notes.txt", "db_backup_latest.sql.gz", "db_backup_20201340_000000.sql.gz"] {
            #expect(FileManager.default.createFile(atPath: "\(fixture.backups)/\(other)", contents: nil))
        }
        let latest = try await fixture.backUp(days: 7, at: now)
        let kept = try fixture.files()
        #expect(!kept.contains("\(names[0])") && !kept.contains(names[0].manifest) && !kept.contains("\(names[1])"))
        #expect(kept.contains("\(names[2])") && kept.contains("\(latest)") && kept.contains("notes.txt"))
        #expect(kept.contains("db_backup_latest.sql.gz") && kept.contains("db_backup_20201340_000000.sql.gz"))
        // A clock that was set back: the backup just made is the oldest of all, and stays.
        let retention = BackupRetention(days: 1)
        #expect(retention.expired([names[0], latest], now: now + day * 9, latest: names[0]) == [latest])
    }

    @Test func aNameThatStaysTakenIsAnErrorAfterAWhile() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let time = Timestamp.now
        let job = BackupJob(
            source: SQLiteDumpSource(path: fixture.database), directory: fixture.backups,
            retention: BackupRetention(days: 7), gzip: fixture.gzip, logger: fixture.logger, now: { time },
            nameDeadline: .milliseconds(300))
        _ = try await job.run()
        let before = try fixture.files()
        let error = await #expect(throws: MaintenanceError.self) { _ = try await job.run() }
        #expect(error?.status == .temporaryFailure)
        #expect(try fixture.files() == before)
    }

    @Test func aProcessThatIsKilledLeavesNothingUnderAFinalName() async throws {
        let fixture = try await MaintenanceFixture()
        defer { fixture.remove() }
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = seed
        for _ in 0..<5 {
            random = random &* 6_364_136_223_846_793_005 &+ 1
            let process = try BackendProcess(
                ["backup", "--directory", fixture.backups], ["DATABASE_URL": "sqlite:///\(fixture.database)"])
            try await Task.sleep(for: .milliseconds(Int(random >> 33) % 600))
            process.signal(SIGKILL)
            _ = try await process.status()
            for file in try fixture.files() where BackupName(file) != nil {
                let job = RestoreJob(
                    target: SQLiteRestoreTarget(path: fixture.database), gzip: fixture.gzip, logger: fixture.logger)
                await #expect(throws: Never.self, "seed \(seed)") {
                    try await job.verify(try BackupFile("\(fixture.backups)/\(file)"))
                }
            }
        }
        // Its gzip may hold nothing of the folder; the next backup takes the lock and cleans up.
        let name = try await fixture.backUp()
        #expect(try fixture.files().filter { $0.hasPrefix(".") }.isEmpty)
        #expect(try fixture.files().contains("\(name)"))
    }
}

@Suite struct SQLStatementSplitterTests {
    @Test func statementsEndWhereSQLiteEndsThem() {
        let text = """
            -- a; comment
            INSERT INTO t VALUES ('a;''b', "c;", `d;`, [e;]); /*/ x; */ SELECT 1;
            CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; UPDATE t SET a = CASE WHEN 1 THEN 2 END; END;
            SELECT 2;
            """
        for size in [1, 2, 7, 1000] {
            var splitter = SQLStatementSplitter()
            var statements: [String] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { piece in
                    splitter.add(piece) { statements.append($0) }
                }
            }
            #expect(statements.count == 4, "\(statements)")
            #expect(statements.last == "SELECT 2;")
            #expect(!splitter.isInsideStatement)
        }
    }
}
