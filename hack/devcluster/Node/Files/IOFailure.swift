import Glibc

/// A system call that failed.
struct IOFailure: Error, CustomStringConvertible {
    let path: String
    let number: CInt

    /// Takes the calling thread's `errno`.
    init(_ path: String) {
        self.path = path
        number = errno
    }

    var description: String { "\(path): \(String(cString: strerror(number)))" }
}
