import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A pipe of the system whose ends are inherited by nobody who was not given them.
struct Pipe {
    let readEnd: FileDescriptor
    let writeEnd: FileDescriptor

    init() throws(MaintenanceError) {
        // A reader that goes away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            // In one call: a child that another thread starts between two would keep its end open, and the reader waiting for good.
            (readEnd, writeEnd) = try FileDescriptor.pipe(options: [.closeOnExec])
        } catch {
            throw .file("make a pipe", error)
        }
    }
}

extension FileDescriptor {
    /// Reads to the end in pieces. Blocks.
    func readAll(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            while true {
                let count = try read(into: buffer)
                guard count > 0 else { return }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    /// Makes what was written survive a loss of power.
    func synchronize() throws(Errno) {
        guard fsync(rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}
