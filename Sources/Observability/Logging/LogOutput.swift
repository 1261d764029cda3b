import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where log lines go: a file descriptor that takes one line at a time.
///
/// Lines of several threads and several loggers that share an output never mix: each is written whole before the next.
public final class LogOutput: Sendable {
    /// The process's standard error.
    public static let standardError = LogOutput(fileDescriptor: STDERR_FILENO)
    /// The process's standard output.
    public static let standardOutput = LogOutput(fileDescriptor: STDOUT_FILENO)

    private let descriptor: Mutex<Int32>

    /// Makes an output that writes to a descriptor, which stays the caller's to close.
    public init(fileDescriptor: Int32) {
        descriptor = Mutex(fileDescriptor)
    }

    /// Writes `line`, which ends in a newline. A reader that went away loses it: there is nobody left to tell.
    func write(_ line: [UInt8]) {
        descriptor.withLock { descriptor in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = unsafeWrite(descriptor, rest)
                    if count > 0 {
                        rest = rest.dropFirst(count)
                    } else if errno == EAGAIN {
                        var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                        _ = poll(&poller, 1, -1)
                    } else if errno != EINTR {
                        return
                    }
                }
            }
        }
    }

    private func unsafeWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        #if canImport(Glibc)
            return Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            return Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
