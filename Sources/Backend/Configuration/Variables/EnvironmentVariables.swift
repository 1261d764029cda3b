import FoundationEssentials

/// The variables that settings are read from, each with where it was set: the process's environment, or an `.env` file for what
/// the environment does not name.
struct EnvironmentVariables: Sendable {
    /// Where a variable was set.
    enum Origin: Sendable, Equatable, CustomStringConvertible {
        case environment
        case file(String, line: Int)

        var description: String {
            switch self {
            case .environment: "environment"
            case .file(let path, let line): "\(path):\(line)"
            }
        }
    }

    private(set) var values: [String: String]
    private(set) var origins: [String: Origin]

    /// The file that is read when none is named and it is there.
    static let defaultFile = ".env"

    init(_ values: [String: String]) {
        self.values = values
        origins = values.mapValues { _ in .environment }
    }

    /// This process's variables with those of a file.
    /// - Parameter file: Nil for `./.env` where there is one.
    /// - Throws: ``ConfigurationError`` when the file that was named is not there, or cannot be read.
    static func load(file: String?) throws(ConfigurationError) -> EnvironmentVariables {
        var variables = EnvironmentVariables(ProcessInfo.processInfo.environment)
        let path = file ?? defaultFile
        if file == nil, !FileManager.default.fileExists(atPath: path) { return variables }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(path, "cannot be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError(path, "is not UTF-8 text")
        }
        do {
            variables.add(try DotEnvFile(parsing: text), path: path)
        } catch {
            throw ConfigurationError("\(path):\(error.line)", error.reason)
        }
        return variables
    }

    /// Adds what the environment does not name. A variable that is there and empty stays so: that is how one is taken back.
    mutating func add(_ file: DotEnvFile, path: String) {
        for (name, entry) in file.entries where values[name] == nil {
            values[name] = entry.value
            origins[name] = .file(path, line: entry.line)
        }
    }
}

extension ConfigurationError {
    fileprivate init(_ name: String, _ requirement: String) {
        self.init(problems: [Problem(name: name, requirement: requirement, value: nil)])
    }
}
