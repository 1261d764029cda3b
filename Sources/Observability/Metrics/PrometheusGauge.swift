/// A number that rises and falls.
public final class PrometheusGauge: Sendable {
    private let storage = AtomicDouble(0)

    init() {}

    /// Replaces the value.
    public func set(_ value: Double) {
        storage.store(value)
    }

    /// Adds `amount`, which may be negative.
    public func increment(by amount: Double = 1) {
        storage.add(amount)
    }

    /// Takes `amount` away.
    public func decrement(by amount: Double = 1) {
        storage.add(-amount)
    }

    /// The value now.
    public var value: Double { storage.load() }
}
