import ArgumentParser

/// The exit statuses beyond success and failure, from sysexits(3).
extension ExitCode {
    /// What was given to work on is wrong.
    static let dataError = ExitCode(65)
    /// A file that was named cannot be read.
    static let noInput = ExitCode(66)
    /// Something that the command needs is not there.
    static let unavailable = ExitCode(69)
    /// The configuration is wrong.
    static let configuration = ExitCode(78)
}
