import ArgumentParser

/// The exit statuses beyond success and failure, from sysexits(3).
extension ExitCode {
    /// Something that the command needs is not there.
    static let unavailable = ExitCode(69)
    /// The configuration is wrong.
    static let configuration = ExitCode(78)
}
