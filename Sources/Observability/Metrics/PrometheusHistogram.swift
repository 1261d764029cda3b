import Synchronization

/// Where a histogram's buckets end.
public struct HistogramBuckets: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// The inclusive upper bounds, ascending, each once; the bucket for everything above the last is implied.
    public let upperBounds: [Double]

    /// Makes buckets from bounds in any order; those given twice or not finite are dropped.
    public init(_ upperBounds: [Double]) {
        self.upperBounds = Set(upperBounds.filter(\.isFinite)).sorted()
    }

    /// Makes buckets from the bounds listed.
    public init(arrayLiteral elements: Double...) {
        self.init(elements)
    }

    /// Seconds, fit for the latency of HTTP requests: half a millisecond to a minute, finest where a service should be.
    public static let httpLatency: HistogramBuckets = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// Amounts of an unknown unit: powers of four from one to about a thousand million.
    public static let magnitude = HistogramBuckets((0...15).map { power in Double(1 << (2 * power)) })
}

/// Counts observations by size.
public final class PrometheusHistogram: Sendable {
    /// What one scrape sees; taken whole, so that its parts always agree.
    struct Snapshot: Sendable {
        /// Observations a bucket, not yet cumulative; one more entry than there are bounds.
        var counts: [UInt64]
        var sum: Double
    }

    let buckets: HistogramBuckets
    private let storage: Mutex<Snapshot>

    init(buckets: HistogramBuckets) {
        self.buckets = buckets
        storage = Mutex(Snapshot(counts: Array(repeating: 0, count: buckets.upperBounds.count + 1), sum: 0))
    }

    /// Counts `value`. A value that is not a number is left out: it would make the sum useless for good.
    public func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let index = bucketIndex(of: value)
        storage.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    /// Counts `duration` in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// How many values were observed.
    public var count: UInt64 { snapshot().counts.reduce(0, +) }

    /// The sum of the values observed.
    public var sum: Double { snapshot().sum }

    func snapshot() -> Snapshot {
        storage.withLock { $0 }
    }

    private func bucketIndex(of value: Double) -> Int {
        var low = 0
        var high = buckets.upperBounds.count
        while low < high {
            let middle = (low + high) / 2
            if value <= buckets.upperBounds[middle] { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
