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
        /// What belongs to this process alone: the rest are pages of its program and of libraries, which others share.
        var anonymousBytes: Int
        var requests: Requests
    }

    let pid: Int
    let metricsURL: String

    func read() async throws -> Reading {
        Reading(
            cpuSeconds: try cpuSeconds(), peakResidentBytes: try memory("VmHWM:"),
            anonymousBytes: try memory("RssAnon:"), requests: try await requests())
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

    /// A figure of proc_pid_status(5).
    private func memory(_ field: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix(field) {
            if let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) {
                return kilobytes * 1024
            }
        }
        throw UnreadableFigure(name: "/proc/\(pid)/status")
    }

    private func requests() async throws -> Requests {
        let result = try await Subprocess.run(
            .name("curl"), arguments: ["-fsS", metricsURL], output: .string(limit: 16 << 20))
        var requests = Requests()
        for line in result.standardOutput.split(separator: "\n")
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

/// A figure that could not be read.
struct UnreadableFigure: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) is not as expected" }
}
