import Logging

/// Puts a backup in the place of a database's contents: all of it, or nothing changes.
struct RestoreJob: Sendable {
    let target: any RestoreTarget
    let gzip: Gzip
    let logger: Logger

    /// Whether a database that holds other things than this program's is replaced too.
    enum Replacing: Sendable {
        case ownContents, everything
    }

    /// - Returns: The schema's version that the database has now.
    /// - Throws: ``MaintenanceError``; then the database is as it was.
    func run(_ backup: BackupFile, replacing: Replacing) async throws -> Int {
        try await verify(backup)
        try await target.check(backup.manifest, replacing: replacing)
        let version = try await target.restore(backup, gzip: gzip)
        logger.notice(
            "restored", metadata: ["file": "\(backup.path)", "schema_version": .stringConvertible(version)])
        return version
    }

    /// Checks a backup by itself and whether it is of the target's kind.
    func verify(_ backup: BackupFile) async throws {
        if backup.manifest == nil {
            logger.warning(
                "the backup has no manifest: only its compression and its end can be checked",
                metadata: ["file": "\(backup.path)"])
        }
        let kind = try await backup.verify(gzip)
        guard kind == target.kind else {
            throw MaintenanceError.badBackup(
                "\(backup.path) is of \(kind.rawValue) and DATABASE_URL of \(target.kind.rawValue)")
        }
        logger.info("verified", metadata: ["file": "\(backup.path)"])
    }
}

/// A database that a backup can be put into.
protocol RestoreTarget: Sendable {
    var kind: BackupManifest.Kind { get }

    /// Returns when the database can be reached and replaced.
    func check(_ manifest: BackupManifest?, replacing: RestoreJob.Replacing) async throws

    /// Replaces everything, with the counts of rows compared before anything becomes visible.
    /// - Returns: The schema's version.
    func restore(_ backup: BackupFile, gzip: Gzip) async throws -> Int
}

/// What a database holds, as seen by who wants to replace it.
enum TargetContents {
    /// - Parameters:
    ///   - tables: The tables that are there.
    ///   - own: Those that are this program's.
    /// - Throws: ``MaintenanceError`` unless it is empty or this program's alone.
    static func check(_ tables: [String], own: Set<String>) throws(MaintenanceError) {
        let strange = tables.filter { !own.contains($0) }
        guard !strange.isEmpty else { return }
        let named = strange.prefix(3).joined(separator: ", ") + (strange.count > 3 ? ", …" : "")
        throw .refused(
            "the database holds tables that are not this program's (\(named)): --force replaces all that is in it")
    }

    /// The tables that this program makes.
    static func ownTables() async throws -> Set<String> {
        let database = try SQLiteDatabase(path: nil)
        try await Migrator(database: database).migrate()
        return Set(try await database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'").map { try $0.get(0) })
    }
}
