import CLinux

/// The C library's allocator, from which all of Swift's objects come.
enum Allocator {
    /// Gives what is freed back to the system. To be called before there are threads.
    ///
    /// glibc makes an arena for every thread that meets another one in `malloc`, and raises its thresholds with the first large
    /// block that is freed: after the first lists, more than half of the process was memory that nothing used. Elsewhere (musl)
    /// there is nothing to set.
    static func keepLittle() {
        #if canImport(Glibc)
            // A number that is refused leaves the default, which works as well.
            _ = mallopt(M_ARENA_MAX, 2)
            // Setting the thresholds, even to what they are at first, keeps them from growing.
            _ = mallopt(M_MMAP_THRESHOLD, 128 << 10)
            _ = mallopt(M_TRIM_THRESHOLD, 128 << 10)
        #endif
    }
}
