import ArgumentParser

/// The command line.
@main
struct BackendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Version.program,
        abstract: "A chat service with an OpenAI-compatible upstream.",
        subcommands: [
            ServeCommand.self, MigrateCommand.self, BackupCommand.self, RestoreCommand.self, CreateAdminCommand.self,
            ConfigCommand.self, HealthCheckCommand.self, VersionCommand.self,
        ])
}
