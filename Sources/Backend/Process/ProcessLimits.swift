#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the system lets this process have.
enum ProcessLimits {
    /// Has the process open as many files as it may: systems give less at first for programs that use select(2), which this one does
    /// not. A connection takes one, and another where it is passed on.
    static func raiseOpenFiles() {
        var limit = rlimit()
        guard getrlimit(openFilesResource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        // What cannot be raised stays as it is, and ``openFiles()`` tells it.
        _ = setrlimit(openFilesResource, &limit)
    }

    #if canImport(Glibc)
        private static let openFilesResource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #elseif canImport(Musl)
        private static let openFilesResource = RLIMIT_NOFILE
    #endif

    /// How many descriptors it may open.
    static func openFiles() -> Int {
        // POSIX promises no more than 20; 1024 is what every Linux gives when the limit cannot be read.
        let limit = sysconf(Int32(_SC_OPEN_MAX))
        return limit > 0 ? Int(limit) : 1024
    }
}
