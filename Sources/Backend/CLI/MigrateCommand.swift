import ArgumentParser
import Logging

/// `chatgpt-backend migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database's schema to this program's version.",
        discussion:
            "Any number of them may run at once. A schema that is newer than the program is refused with status 65.")

    @OptionGroup var options: MaintenanceOptions

    @Option(help: "How long to wait for a database that is not up yet: 30, 30s, 5m.")
    var wait: String = "0"

    func validate() throws {
        guard Self.duration(wait) != nil else {
            throw ValidationError("--wait must be seconds, or a number with s, m or h after it")
        }
    }

    func run() async throws {
        let wait = Self.duration(wait) ?? .zero
        try await options.run { settings, logger in
            let database = try settings.database.open(logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // The driver's connections live as long as this.
                group.addTask { try await database.run() }
                group.addTask { try await Self.migrate(database, wait: wait, logger) }
                // A driver that ends by itself ends this too.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func migrate(_ database: any Database, wait: Duration, _ logger: Logger) async throws {
        let migrator = Migrator(database: database)
        let end = ContinuousClock.now + wait
        while true {
            do {
                if case .current(let version) = try await migrator.state() {
                    print("already at version \(version)")
                    return
                }
                try await migrator.migrate { step in print("migrated to version \(step.number): \(step.name)") }
                print("at version \(Migration.latest)")
                return
            } catch let error as DatabaseError {
                guard error.isTransient, ContinuousClock.now < end else { throw error }
                logger.info("waiting for the database", metadata: ["reason": "\(error.message)"])
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Reads `90`, `90s`, `5m` or `1h`.
    static func duration(_ text: String) -> Duration? {
        let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        let factor = text.last.flatMap { factors[$0] }
        guard let number = Int(factor == nil ? text[...] : text.dropLast()), (0...86_400).contains(number) else {
            return nil
        }
        return .seconds(number * (factor ?? 1))
    }
}
