#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Standard input as a whole.
enum StandardInput {
    /// Reads to the end; nil when reading fails.
    static func readToEnd() -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                guard errno == EINTR else { return nil }
                continue
            }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}

/// One clear sentence on standard error.
enum TerminalError {
    static func print(_ message: String) {
        let line = Array("chatbackend-operator: \(message)\n".utf8)
        // When nobody reads standard error there is nobody to tell.
        _ = write(STDERR_FILENO, line, line.count)
    }
}
