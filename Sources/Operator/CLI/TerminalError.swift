#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One clear sentence on standard error.
enum TerminalError {
    static func print(_ message: String) {
        let line = Array("chatbackend-operator: \(message)\n".utf8)
        // When nobody reads standard error there is nobody to tell.
        _ = write(STDERR_FILENO, line, line.count)
    }
}
