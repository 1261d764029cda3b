import FoundationEssentials
import GRDB
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A SQLite file that is replaced: the backup becomes a new file beside it, which takes its name once it is whole.
struct SQLiteRestoreTarget: RestoreTarget {
    let path: String
    let kind = BackupManifest.Kind.sqlite

    /// Beside the target, so that taking its name is one step.
    private var newPath: String { path + ".restoring" }

    func check(_ manifest: BackupManifest?, replacing: RestoreJob.Replacing) async throws {
        guard access(path, F_OK) == 0, replacing == .ownContents else { return }
        let tables = try await BlockingWork.run { [path] in
            try Self.withQueue(path, isReadOnly: true) { queue in try queue.read { try SQLiteSchema.tables($0) } }
        }
        try TargetContents.check(
            tables, own: try await TargetContents.ownTables().union(manifest?.rows.keys.map { $0 } ?? []))
    }

    func restore(_ backup: BackupFile, gzip: Gzip) async throws -> Int {
        try Self.remove(newPath)
        do {
            let version = try await gzip.decompress(backup.file) { [newPath] input in
                try await BlockingWork.run { try Self.build(newPath, from: input, backup) }
            }
            try await BlockingWork.run { try replace() }
            return version
        } catch {
            try? Self.remove(newPath)  // The next restore removes what this cannot.
            throw error
        }
    }

    /// Makes the new file and checks it.
    private static func build(_ path: String, from input: FileDescriptor, _ backup: BackupFile) throws -> Int {
        try withQueue(path) { queue in
            let version = try queue.writeWithoutTransaction { connection in
                // Nobody sees the file before it is whole, and it is synchronized at its end.
                try connection.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")
                var splitter = SQLStatementSplitter()
                var ends = DumpEnds()
                try input.readAll { bytes in
                    ends.add(bytes)
                    try splitter.add(bytes) { try connection.execute(sql: $0) }
                }
                guard !splitter.isInsideStatement, ends.isComplete, !connection.isInsideTransaction,
                    backup.manifest.map({ $0.uncompressedBytes == ends.bytes }) ?? true
                else { throw MaintenanceError.badBackup("\(backup.path) is damaged: the dump in it breaks off") }
                return try check(connection, backup)
            }
            return version
        }
    }

    private static func check(_ connection: GRDB.Database, _ backup: BackupFile) throws -> Int {
        guard try String.fetchAll(connection, sql: "PRAGMA integrity_check") == ["ok"],
            try Row.fetchOne(connection, sql: "PRAGMA foreign_key_check") == nil
        else { throw MaintenanceError.badBackup("\(backup.path) does not make a sound database") }
        guard try connection.tableExists("schema_migrations") else {
            throw MaintenanceError.badBackup("\(backup.path) holds no schema of this program")
        }
        let version = try SQLiteSchema.version(connection)
        guard version <= Migration.latest else {
            throw MaintenanceError.badBackup(
                "\(backup.path) has schema version \(version) and this program knows \(Migration.latest)")
        }
        for (table, expected) in backup.manifest?.rows ?? [:] {
            let count = try connection.tableExists(table) ? SQLiteSchema.rowCount(table, connection) : 0
            guard count == expected else {
                throw MaintenanceError.badBackup("table \(table) has \(count) rows and the manifest says \(expected)")
            }
        }
        return version
    }

    /// Gives the new file the old one's name.
    private func replace() throws {
        let file = try FileDescriptor.open(FilePath(newPath), .readWrite, options: [.closeOnExec])
        defer { try? file.close() }  // Synchronized: nothing is left to fail.
        try file.synchronize()
        var information = stat()
        if stat(path, &information) == 0 {
            // Who could read the old one can read the new one.
            guard fchmod(file.rawValue, information.st_mode & 0o777) == 0 else {
                throw MaintenanceError.file("set the permissions of \(newPath)", Errno(rawValue: errno))
            }
            if geteuid() == 0 { _ = fchown(file.rawValue, information.st_uid, information.st_gid) }
            try Self.settle(path)
        }
        guard rename(newPath, path) == 0 else {
            throw MaintenanceError.file("replace \(path)", Errno(rawValue: errno))
        }
        let folder = try FileDescriptor.open(
            FilePath(path).removingLastComponent().string.isEmpty ? "." : FilePath(path).removingLastComponent(),
            .readOnly, options: [.directory, .closeOnExec])
        defer { try? folder.close() }
        try folder.synchronize()
    }

    /// Brings all of the old file's contents into the file itself, without a write-ahead log beside it, which would be taken for
    /// the new file's. SQLite does that only while nobody else has it open.
    private static func settle(_ path: String) throws {
        do {
            try withQueue(path) { queue in
                try queue.writeWithoutTransaction { connection in
                    _ = try String.fetchOne(connection, sql: "PRAGMA journal_mode = DELETE")
                }
            }
        } catch let error as Backend.DatabaseError where error.code == .timedOut {
            throw MaintenanceError.busy("\(path) is in use: stop the service first")
        }
    }

    private static func withQueue<Value>(
        _ path: String, isReadOnly: Bool = false, _ body: (DatabaseQueue) throws -> Value
    ) throws -> Value {
        do {
            var configuration = GRDB.Configuration()
            configuration.readonly = isReadOnly
            configuration.foreignKeysEnabled = false
            configuration.busyMode = .timeout(1)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }  // What counts was checked.
            return try body(queue)
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(error)
        }
    }

    private static func remove(_ path: String) throws {
        for name in [path, path + "-journal", path + "-wal", path + "-shm"] {
            guard unlink(name) == 0 || errno == ENOENT else {
                throw MaintenanceError.file("remove \(name)", Errno(rawValue: errno))
            }
        }
    }
}
