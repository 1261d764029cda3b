import ArgumentParser

/// `chatgpt-backend backup`: the guide's `backup.sh`; the operator's CronJob calls it.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Backs the database up to a folder, and removes old backups from it.",
        discussion: """
            Writes db_backup_YYYYMMDD_HHMMSS.sql.gz (UTC) and a manifest beside it, through pg_dump for PostgreSQL and \
            SQLite's online backup for SQLite. Nothing has its final name unless all of it is on the disk, and nothing is \
            removed unless the new backup is good.
            """)

    @OptionGroup var options: MaintenanceOptions

    @Option(help: "The folder that backups go to.")
    var directory: String = "/backups"

    @Option(help: "How many days a backup is kept.")
    var keepDays: Int = 7

    func validate() throws {
        guard (1...36_500).contains(keepDays) else { throw ValidationError("--keep-days must be 1 or more") }
    }

    func run() async throws {
        try await options.run { [directory, keepDays] settings, logger in
            let job = BackupJob(
                source: try settings.dumpSource(logger), directory: directory,
                retention: BackupRetention(days: keepDays), gzip: settings.gzip(logger), logger: logger)
            print("Backup completed: \(try await job.run())")
        }
    }
}
