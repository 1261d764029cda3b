import ArgumentParser

/// A small Kubernetes for one machine.
@main
struct Devcluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devcluster", abstract: "A small Kubernetes for one machine: a development tool.",
        subcommands: [RunCommand.self])
}
