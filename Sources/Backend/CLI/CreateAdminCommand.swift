import ArgumentParser
import FoundationEssentials
import Logging

/// `chatgpt-backend create-admin`: the first admin, where nobody is there yet to make one.
struct CreateAdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create-admin", abstract: "Makes an account with the role admin.",
        discussion: """
            The password is asked for, or read from the first line of --password-file or of standard input; it is never an \
            argument, which everybody on the machine could read.
            """)

    @Option(help: "The e-mail address to log in with.")
    var email: String

    @Option(help: "What the admin is called.")
    var name = ""

    @Option(help: "A file whose first line is the password.")
    var passwordFile: String?

    func validate() throws {
        _ = try account()
    }

    func run() async throws {
        let (email, name) = try account()
        let settings = try settings()
        let password = try password()
        do {
            try PasswordRule.check(password, for: email)
        } catch {
            Terminal.complain("the password \(error.requirement)")
            throw ExitCode.dataError
        }
        do {
            try await create(email, name.text, password, settings)
        } catch let error as DatabaseError {
            if error.code == .uniqueViolation {
                Terminal.complain("there is an account of \(email) already")
                throw ExitCode.failure
            }
            Terminal.complain("cannot use the database: \(error.message)")
            throw ExitCode.unavailable
        }
        print("\(email) is an admin now")
    }

    private func account() throws -> (email: UserEmail, name: UserName) {
        do {
            return (try UserEmail(parsing: email), try UserName(parsing: name))
        } catch {
            throw ValidationError("--email and --name: one \(error.requirement)")
        }
    }

    private func settings() throws -> Settings {
        do {
            return try Settings(variables: ProcessInfo.processInfo.environment)
        } catch {
            for problem in error.problems { Terminal.complain("\(problem)") }
            throw ExitCode.configuration
        }
    }

    private func password() throws -> String {
        if let passwordFile {
            guard let data = FileManager.default.contents(atPath: passwordFile) else {
                Terminal.complain("\(passwordFile) cannot be read")
                throw ExitCode.noInput
            }
            return String(decoding: data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        }
        guard let line = Terminal.readSecret(prompt: "Password for \(email): ") else {
            Terminal.complain("no password was given")
            throw ExitCode.noInput
        }
        return line
    }

    private func create(_ email: UserEmail, _ name: String, _ password: String, _ settings: Settings) async throws {
        let database = try settings.database.open()
        // Nothing else runs in this process that a blocked thread could hold up.
        let hash = try PasswordHash(of: password)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await database.run() }
            defer { group.cancelAll() }
            _ = try await Migrator(database: database).migrate()
            let now = Timestamp.now
            try await Store(database: database).insert(
                User(
                    id: .version7(now), email: email, name: name, passwordHash: hash.text, role: .admin, isActive: true,
                    createdAt: now, updatedAt: now, passwordChangedAt: now))
        }
    }
}
