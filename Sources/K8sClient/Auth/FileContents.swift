#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small files, read whole, with the operating system's own reason when that fails.
enum FileContents {
    /// Why a file could not be read.
    struct Failure: Error, CustomStringConvertible {
        let path: String
        let isMissing: Bool
        let reason: String

        var description: String { "\(path): \(reason)" }
    }

    /// What changes whenever a file is replaced or written.
    struct Stamp: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    static func stamp(_ path: String) throws(Failure) -> Stamp {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(path) }
        #if canImport(Darwin)
            let modified = status.st_mtimespec
        #else
            let modified = status.st_mtim
        #endif
        return Stamp(
            device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(status.st_ino),
            size: Int64(status.st_size),
            seconds: Int(modified.tv_sec), nanoseconds: Int(modified.tv_nsec))
    }

    /// - Parameter limit: how many bytes the file may hold.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unistd_read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else {
                throw Failure(path: path, isMissing: false, reason: "the file is larger than \(limit) bytes")
            }
        }
    }

    /// `read(2)`, whose name this type's own function hides.
    private static func unistd_read(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer, count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer, count)
        #else
            Darwin.read(descriptor, buffer, count)
        #endif
    }

    private static func failure(_ path: String) -> Failure {
        let code = errno
        return Failure(
            path: path, isMissing: code == ENOENT || code == ENOTDIR, reason: String(cString: strerror(code)))
    }
}
