import Logging

/// What the service is running for; the guide's `ENVIRONMENT`.
enum DeploymentEnvironment: String, CaseIterable, Sendable {
    case development, staging, production

    /// Whether strangers can reach it, so that convenience gives way to safety.
    var isExposed: Bool { self != .development }
}

extension DeploymentEnvironment {
    init(parsing text: String) throws(InvalidValue) {
        guard let value = DeploymentEnvironment(rawValue: text.lowercased()) else {
            throw InvalidValue("must be one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = value
    }
}

extension Logger.Level {
    /// Reads the names of swift-log's levels and the two spellings that Python's users know, in any case.
    init(parsing text: String) throws(InvalidValue) {
        let aliases = ["WARN": Logger.Level.warning, "FATAL": .critical]
        if let level = Logger.Level(rawValue: text.lowercased()) ?? aliases[text.uppercased()] {
            self = level
        } else {
            let names = Logger.Level.allCases.map { $0.rawValue.uppercased() }
            throw InvalidValue("must be one of \(names.joined(separator: ", "))")
        }
    }
}

extension Bool {
    /// Reads `true`, `yes`, `on`, `1` and their opposites, in any case.
    init(parsing text: String) throws(InvalidValue) {
        switch text.lowercased() {
        case "true", "yes", "on", "1": self = true
        case "false", "no", "off", "0": self = false
        default: throw InvalidValue("must be true or false")
        }
    }
}
