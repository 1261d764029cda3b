import ArgumentParser

/// The exit statuses beyond success and failure, from sysexits(3).
extension ExitCode {
    /// What was given to work on, such as a backup, is wrong, damaged or of a newer version.
    static let dataError = ExitCode(65)
    /// A file that was named cannot be read.
    static let noInput = ExitCode(66)
    /// Something that the command needs is not there.
    static let unavailable = ExitCode(69)
    /// An output cannot be made.
    static let cannotCreate = ExitCode(73)
    /// Reading or writing failed, for instance because the disk is full.
    static let inputOutput = ExitCode(74)
    /// Somebody else is at it: worth repeating later.
    static let temporaryFailure = ExitCode(75)
    /// It is not done without being asked for in so many words.
    static let noPermission = ExitCode(77)
    /// The configuration is wrong.
    static let configuration = ExitCode(78)
}
