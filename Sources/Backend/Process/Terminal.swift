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

    /// Reads a line from standard input. At a terminal it asks for it, and does not show what is typed.
    /// - Returns: Nil when there is none.
    static func readSecret(prompt: String) -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() }
        let bytes = Array(prompt.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return readLine() }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            _ = write(STDERR_FILENO, "\n", 1)
        }
        return readLine()
    }
}
