import ArgumentParser

/// `chatgpt-backend restore`.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Puts a backup in the place of the database's contents.",
        discussion: """
            The backup is verified before anything is touched, and takes effect as a whole or not at all. Stop the service \
            first. A dump of the guide's own script, without a manifest, is taken too.
            """)

    @OptionGroup var options: MaintenanceOptions

    @Option(help: "The backup: db_backup_….sql.gz, with its manifest beside it.")
    var file: String

    @Flag(help: "Replace a database that holds other things than this program's: everything in it is lost.")
    var force = false

    @Flag(help: "Only verify the backup.")
    var verifyOnly = false

    func run() async throws {
        try await options.run { [file, force, verifyOnly] settings, logger in
            let backup = try BackupFile(file)
            let job = RestoreJob(
                target: try settings.restoreTarget(logger), gzip: settings.gzip(logger), logger: logger)
            if verifyOnly {
                try await job.verify(backup)
                print("\(file) is a good backup")
                return
            }
            let version = try await job.run(backup, replacing: force ? .everything : .ownContents)
            print("Restored \(file)")
            if version < Migration.latest {
                print(
                    "The schema is at version \(version) and this program's at \(Migration.latest): run `\(Version.program) migrate`"
                )
            }
        }
    }
}
