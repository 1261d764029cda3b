import ArgumentParser

/// The command line.
@main
struct BackendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Version.program,
        abstract: "A chat service with an OpenAI-compatible upstream.",
        subcommands: [
            ServeCommand.self, HealthCheckCommand.self, BackupCommand.self, CreateAdminCommand.self,
            VersionCommand.self,
        ])
}
