import ArgumentParser
import CPQ

/// `chatgpt-backend version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the versions of this program and of libpq.")

    func run() {
        print("\(Version.program) \(Version.number)")
        print("libpq \(Self.libpq(PQlibVersion()))")
    }

    /// libpq's version as people write it: 150018 is 15.18, and before PostgreSQL 10, 90624 was 9.6.24.
    static func libpq(_ number: Int32) -> String {
        number >= 100_000
            ? "\(number / 10_000).\(number % 10_000)"
            : "\(number / 10_000).\(number / 100 % 100).\(number % 100)"
    }
}
