import Glibc

/// The standard output, written at once: whoever started the server waits for the line.
enum StandardOutput {
    struct WriteError: Error, CustomStringConvertible {
        let reason = String(cString: strerror(errno))
        var description: String { "cannot write to standard output: \(reason)" }
    }

    static func line(_ text: String) throws(WriteError) {
        var bytes = Array((text + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                throw WriteError()
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
