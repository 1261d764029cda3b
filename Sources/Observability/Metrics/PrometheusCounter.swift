import Synchronization

/// A number that only grows.
///
/// Whole amounts are added in one atomic operation and are exact at any rate from any number of threads; fractional
/// amounts are kept beside them as a floating-point sum.
public final class PrometheusCounter: Sendable {
    private let whole = Atomic<UInt64>(0)
    private let fractional = AtomicDouble(0)

    init() {}

    /// Adds `amount`. Negative amounts are left out: a counter that falls reads as a restart to Prometheus.
    public func increment(by amount: Int = 1) {
        guard amount > 0 else { return }
        whole.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    /// Adds `amount`. Amounts that are negative or not finite are left out.
    public func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fractional.add(amount)
    }

    /// Sets the counter back to zero.
    public func reset() {
        whole.store(0, ordering: .relaxed)
        fractional.store(0)
    }

    /// The amounts added so far.
    public var value: Double {
        Double(whole.load(ordering: .relaxed)) + fractional.load()
    }

    /// The value as the exposition format writes it; whole numbers keep all their digits.
    var text: String {
        fractional.load() == 0 ? String(whole.load(ordering: .relaxed)) : TextExposition.number(value)
    }
}
