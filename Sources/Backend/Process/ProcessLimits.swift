#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the system lets this process have.
enum ProcessLimits {
    /// How many descriptors it may open.
    static func openFiles() -> Int {
        // POSIX promises no more than 20; 1024 is what every Linux gives when the limit cannot be read.
        let limit = sysconf(Int32(_SC_OPEN_MAX))
        return limit > 0 ? Int(limit) : 1024
    }
}
