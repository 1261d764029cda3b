#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Messages for who started a command.
enum Terminal {
    /// Writes a line to standard error, which is where what went wrong belongs.
    static func complain(_ line: String) {
        let bytes = Array("\(Version.program): \(line)\n".utf8)
        // There is no one to tell when standard error itself cannot be written to.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
