import FoundationEssentials
import Subprocess

/// What the operator's process has used, and what it has asked of the API server.
struct OperatorFigures {
    struct Requests {
        var total = 0
        var lease = 0
        /// Creates, patches, replaces and deletes of anything but the Lease.
        var writes = 0
    }

    struct Reading {
        var cpuSeconds: Double
        var peakResidentBytes: Int
        var anonymousBytes: Int
        var requests: Requests
    }

    let pid: Int
    let metricsURL: String
    private var memory: ProcessMemory { ProcessMemory(pid: pid) }

    func read() async throws -> Reading {
        Reading(
            cpuSeconds: try cpuSeconds(), peakResidentBytes: try memory.peakResidentBytes(),
            anonymousBytes: try memory.anonymousBytes(), requests: try await requests())
    }

    /// User and system time, from fields 14 and 15 of proc_pid_stat(5), in the usual hundredths of a second.
    private func cpuSeconds() throws -> Double {
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw UnreadableFigure(name: "/proc/\(pid)/stat")
        }
        return (user + system) / 100
    }

    /// Waits until nothing but the Lease has been asked for in three seconds.
    func settle() async throws {
        var last = -1
        while true {
            let requests = try await requests()
            if requests.total - requests.lease == last { return }
            last = requests.total - requests.lease
            try await Task.sleep(for: .seconds(3))
        }
    }

    /// How many runs of the reconciler have ended.
    func reconciles() async throws -> Int {
        try await metrics().filter { $0.hasPrefix("controller_runtime_reconcile_total{") }
            .reduce(0) { $0 + ($1.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? 0) }
    }

    private func metrics() async throws -> [Substring] {
        let result = try await Subprocess.run(
            .name("curl"), arguments: ["-fsS", metricsURL], output: .string(limit: 16 << 20))
        return result.standardOutput.split(separator: "\n")
    }

    private func requests() async throws -> Requests {
        var requests = Requests()
        for line in try await metrics()
        where line.hasPrefix("kubernetes_client_requests_total{") {
            let count = line.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? 0
            requests.total += count
            if line.contains("resource=\"leases\"") {
                requests.lease += count
            } else if ["create", "patch", "apply", "update", "replace", "delete"].contains(where: {
                line.contains("verb=\"\($0)\"")
            }) {
                requests.writes += count
            }
        }
        return requests
    }
}
