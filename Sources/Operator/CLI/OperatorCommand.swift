import ArgumentParser

/// The operator's version; the same as the backend's that it ships with.
let operatorVersion = "0.1.0"

@main
struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chatbackend-operator",
        abstract: "Installs and keeps ChatGPT-style backends on Kubernetes.",
        subcommands: [RunCommand.self, RenderCommand.self, VersionCommand.self])
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print("chatbackend-operator \(operatorVersion)")
    }
}
