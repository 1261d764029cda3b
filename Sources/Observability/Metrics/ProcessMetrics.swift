#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension PrometheusRegistry {
    /// Exposes the standard figures of this process, read from `/proc` at each scrape; a figure that cannot be read is left
    /// out of that scrape.
    public func registerProcessMetrics() {
        gauge("process_resident_memory_bytes", help: "Resident memory size in bytes.") {
            ProcessStatus.current().map { Double($0.residentPages * ProcessStatus.pageSize) }
        }
        gauge("process_virtual_memory_bytes", help: "Virtual memory size in bytes.") {
            ProcessStatus.current().map { Double($0.virtualBytes) }
        }
        counter("process_cpu_seconds_total", help: "Total user and system CPU time spent in seconds.") {
            ProcessStatus.current().map { Double($0.cpuTicks) / Double(ProcessStatus.ticksPerSecond) }
        }
        gauge("process_open_fds", help: "Number of open file descriptors.") {
            ProcessStatus.openDescriptors().map { Double($0) }
        }
        gauge("process_max_fds", help: "Maximum number of open file descriptors.") {
            ProcessStatus.descriptorLimit().map { Double($0) }
        }
        // It never changes: read once, and computed from the same two clocks each time would make it wander.
        let started = ProcessStatus.startTime()
        gauge("process_start_time_seconds", help: "Start time of the process since unix epoch in seconds.") { started }
    }
}

/// The numbers of `/proc/self/stat` that are exposed.
struct ProcessStatus: Sendable {
    var cpuTicks: UInt64
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentPages: UInt64

    static let ticksPerSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    static let pageSize = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))

    /// - Parameter stat: The line of `/proc/PID/stat`. Its second field is the program's name in parentheses, which may hold
    ///   spaces and parentheses itself, so fields are counted from the last one.
    init?(stat: String) {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        // Numbered from 1 in proc(5); the first after the name is 3, the state.
        func field(_ number: Int) -> UInt64? {
            fields.indices.contains(number - 3) ? UInt64(fields[number - 3]) : nil
        }
        guard let user = field(14), let system = field(15), let start = field(22), let virtual = field(23),
            let resident = field(24)
        else { return nil }
        cpuTicks = user + system
        startTicks = start
        virtualBytes = virtual
        residentPages = resident
    }

    static func current() -> ProcessStatus? {
        readFile("/proc/self/stat").flatMap(ProcessStatus.init(stat:))
    }

    /// Seconds since the epoch at which this process started.
    static func startTime() -> Double? {
        guard let status = current(), let text = readFile("/proc/stat") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            guard let bootTime = Double(line.dropFirst(6)) else { return nil }
            return bootTime + Double(status.startTicks) / Double(ticksPerSecond)
        }
        return nil
    }

    static func openDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without ".", ".." and the descriptor that lists the folder.
        return max(0, count - 3)
    }

    static func descriptorLimit() -> UInt64? {
        var limit = rlimit()
        #if canImport(Glibc)
            let status = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let status = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return status == 0 ? UInt64(limit.rlim_cur) : nil
    }

    private static func readFile(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        // /proc/stat grows with the machine's CPUs and interrupts; a megabyte is past any.
        while bytes.count < 1 << 20 {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
