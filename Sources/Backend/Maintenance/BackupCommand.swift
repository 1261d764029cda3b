import ArgumentParser

/// `chatgpt-backend backup`, which this version does not have.
///
/// The operator's CronJob calls it by this name. It fails until it can do what it says: a backup that looks done and is not is
/// worse than none.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Not available in this version: always fails, with status 69.")

    @Option(help: "The folder that backups go to.")
    var directory: String = "/backups"

    @Option(help: "How many days a backup is kept.")
    var keepDays: Int = 7

    func validate() throws {
        guard keepDays > 0 else { throw ValidationError("--keep-days must be 1 or more") }
    }

    func run() throws {
        Terminal.complain(
            "\(Version.program) \(Version.number) cannot make backups: nothing was backed up to \(directory)")
        throw ExitCode.unavailable
    }
}
