/// Reads settings one by one and remembers everything that is wrong, so that all of it is reported at once.
struct SettingsReader {
    /// Whether a refused value may be repeated in the report.
    enum Sensitivity {
        case shown, hidden
    }

    private let variables: [String: String]
    private(set) var problems: [ConfigurationError.Problem] = []
    /// Every variable that was asked for, set or not, in order.
    private(set) var names: [String] = []

    /// - Parameter variables: The process's environment. A variable that is set to nothing counts as not set: that is what an
    ///   empty line in an `.env` file or a ConfigMap means.
    init(variables: [String: String]) {
        self.variables = variables
    }

    /// The text of a variable; nil when it is not set.
    mutating func text(_ name: String) -> String? {
        if !names.contains(name) { names.append(name) }
        guard let value = variables[name]?.trimmed, !value.isEmpty else { return nil }
        return value
    }

    /// The value of a variable; nil when it is not set or wrong.
    mutating func value<Value>(
        _ name: String, _ sensitivity: Sensitivity = .shown, parse: (String) throws(InvalidValue) -> Value
    ) -> Value? {
        guard let text = text(name) else { return nil }
        do {
            return try parse(text)
        } catch {
            report(name, error.requirement, value: sensitivity == .shown ? text : nil)
            return nil
        }
    }

    /// Adds what `requirement` says about the setting `name` to the report.
    mutating func report(_ name: String, _ requirement: String, value: String? = nil) {
        problems.append(ConfigurationError.Problem(name: name, requirement: requirement, value: value))
    }
}
