import ArgumentParser
import FoundationEssentials

/// `chatgpt-backend config`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Prints the settings in force and where each comes from.",
        discussion:
            "Flags win over variables, variables over an .env file, and that over defaults. Secrets are not shown.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @OptionGroup var environment: EnvironmentOptions
    @OptionGroup var options: ServeOptions

    @Option(help: "How to print them: text or json.")
    var format = Format.text

    func run() throws {
        let variables = try environment.variables()
        let flags = try options.flags()
        let settings = try EnvironmentOptions.complaining { () throws(ConfigurationError) in
            try Settings(variables: variables.values, flags: flags)
        }
        let report = settings.report(variables, flags: flags)
        switch format {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        case .text:
            let rows = report.map { [$0.name, $0.value ?? "", $0.source] }
            let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
            for row in rows {
                let padded = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                print((padded + [row[2]]).joined(separator: "  "))
            }
        }
    }
}
