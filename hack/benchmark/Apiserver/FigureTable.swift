import FoundationEssentials

/// What was measured, in the order in which it was.
struct FigureTable {
    private var rows: [(name: String, value: String)] = []

    mutating func add(_ name: String, _ value: Double) {
        rows.append((name, value >= 100 ? "\(Int(value.rounded()))" : "\((value * 100).rounded() / 100)"))
    }

    mutating func add(_ name: String, megabytes bytes: Int) { add(name, Double(bytes) / 1_000_000) }

    mutating func add(_ name: String, milliseconds duration: Duration) { add(name, duration / .milliseconds(1)) }

    func print() {
        let width = rows.map(\.name.count).max() ?? 0
        for row in rows {
            Swift.print(row.name + String(repeating: " ", count: width - row.name.count + 2) + row.value)
        }
    }
}

extension [Duration] {
    /// The least of them that so many percent do not exceed; zero when there are none.
    func percentile(_ percent: Int) -> Duration {
        let sorted = sorted()
        return sorted.isEmpty ? .zero : sorted[Swift.min(sorted.count - 1, sorted.count * percent / 100)]
    }
}

/// How much memory a process has (proc_pid_status(5)).
struct ProcessMemory {
    let pid: Int

    func residentBytes() throws -> Int { try bytes("VmRSS:") }
    func peakResidentBytes() throws -> Int { try bytes("VmHWM:") }
    /// What belongs to the process alone.
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
