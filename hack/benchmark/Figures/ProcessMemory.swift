import FoundationEssentials

/// How much memory a process has (proc_pid_status(5)).
struct ProcessMemory {
    let pid: Int

    func residentBytes() throws -> Int { try bytes("VmRSS:") }
    func peakResidentBytes() throws -> Int { try bytes("VmHWM:") }
    /// What belongs to the process alone: the rest are pages of its program and of libraries, which others share.
    func anonymousBytes() throws -> Int { try bytes("RssAnon:") }

    private func bytes(_ field: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix(field) {
            if let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) {
                return kilobytes * 1024
            }
        }
        throw UnreadableFigure(name: "/proc/\(pid)/status")
    }
}
