import ArgumentParser

/// Where variables come from besides the environment.
struct EnvironmentOptions: ParsableArguments {
    @Option(help: "A file with variables, which the environment's own win over. (default: ./.env, where there is one)")
    var envFile: String?

    /// The variables; what is wrong with the file is complained of, and ends the command.
    func variables() throws -> EnvironmentVariables {
        try Self.complaining { () throws(ConfigurationError) in try EnvironmentVariables.load(file: envFile) }
    }

    /// Carries out what reads settings; everything that is wrong is a line, and ends the command with status 78.
    static func complaining<Value>(_ body: () throws(ConfigurationError) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            for problem in error.problems { Terminal.complain("\(problem)") }
            throw ExitCode.configuration
        }
    }
}
