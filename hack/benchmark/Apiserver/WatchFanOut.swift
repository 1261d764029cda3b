import K8sClient
import Synchronization

/// Measures how long after a write its event has reached every watch.
struct WatchFanOut {
    let kubeconfig: String
    let watches: Int

    private static let namespace = "bench-watch"

    /// One latency for each write and watch.
    struct Latencies {
        /// From when the write was sent.
        var sinceRequest: [Duration] = []
        /// From when its answer was there. An event that came before it counts as 0.
        var sinceAnswer: [Duration] = []
    }

    /// - Parameter ready: is called once all watches run.
    func measure(writes: Int, ready: () throws -> Void) async throws -> Latencies {
        let client = try KubernetesClient.forBenchmark(kubeconfig)
        try await client.expectSuccess(.createNamespace(Self.namespace))
        // One client would hold some of the watches back until others end.
        let readers = try (0..<8).map { _ in try KubernetesClient.forBenchmark(kubeconfig) }
        let arrivals = Arrivals()
        var latencies = Latencies()
        try await withThrowingTaskGroup { group in
            for number in 0..<watches {
                let reader = readers[number % readers.count]
                let stream = try await reader.stream(
                    KubernetesRequest(
                        .get,
                        "/api/v1/namespaces/\(Self.namespace)/configmaps?watch=1&fieldSelector=metadata.name!=kube-root-ca.crt"
                    ))
                group.addTask {
                    for try await chunk in stream {
                        let lines = chunk.count { $0 == UInt8(ascii: "\n") }
                        if lines > 0 { arrivals.note(lines) }
                    }
                }
            }
            try ready()
            for index in 0..<(writes + 10) {
                let sent = ContinuousClock.now
                try await client.expectSuccess(.createSample("watched-\(index)", in: Self.namespace))
                let answered = ContinuousClock.now
                let times = try await arrivals.next(watches)
                // The first ten warm up.
                guard index >= 10 else { continue }
                latencies.sinceRequest += times.map { sent.duration(to: $0) }
                latencies.sinceAnswer += times.map { max(.zero, answered.duration(to: $0)) }
            }
            group.cancelAll()
            // A watch that is cancelled ends with an error that says so.
            while let result = await group.nextResult() { _ = result }
        }
        for reader in readers + [client] { await reader.shutdown() }
        return latencies
    }
}

/// When events came, of all watches together.
private final class Arrivals: Sendable {
    private struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private let times = Mutex<[ContinuousClock.Instant]>([])

    func note(_ events: Int) {
        let now = ContinuousClock.now
        times.withLock { $0 += Array(repeating: now, count: events) }
    }

    /// Waits until as many events came and takes them.
    func next(_ count: Int) async throws -> [ContinuousClock.Instant] {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let taken = times.withLock { times -> [ContinuousClock.Instant]? in
                guard times.count >= count else { return nil }
                defer { times = [] }
                return times
            }
            if let taken { return taken }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw Missing(description: "\(times.withLock { $0.count }) of \(count) events of a write came in 30 s")
    }
}
