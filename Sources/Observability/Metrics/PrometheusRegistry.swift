import Logging
import Synchronization

/// Holds a process's metrics and renders them for Prometheus.
///
/// It is a `MetricsFactory`, for what libraries record through swift-metrics, and it gives out the same instruments by
/// type, for code that is handed the registry and needs no global bootstrap. Asking twice for a name and labels gives the
/// same instrument.
///
/// Names are made to fit Prometheus: characters that it does not take become `_`, counters end in `_total`, timers in
/// `_seconds`.
///
/// ## Bounds
///
/// Labels often come from outside, directly or by mistake, and each new combination would be held for good: a family keeps
/// at most ``Configuration/seriesLimit`` series, and everything beyond goes into one series labelled `overflow="true"`, so that
/// totals stay right. The first time is logged as a warning.
public final class PrometheusRegistry: Sendable {
    /// The `Content-Type` of what ``render()`` returns.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The bounds and buckets of a registry.
    public struct Configuration: Sendable {
        /// How many series one name may have. 1,000 is a few times what methods, routes and statuses of a large API
        /// make, and costs some hundred kilobytes when a family reaches it.
        public var seriesLimit = 1_000
        /// How many names there may be. Names come from code, so this only stops a mistake from growing without end.
        public var familyLimit = 1_000
        /// The buckets of timers that were not described otherwise, in seconds.
        public var timerBuckets = HistogramBuckets.httpLatency
        /// The buckets of swift-metrics recorders that were not described otherwise.
        public var recorderBuckets = HistogramBuckets.magnitude

        /// Makes the default configuration.
        public init() {}
    }

    struct Description: Sendable {
        var help: String
        var buckets: HistogramBuckets?
    }

    private struct Storage: Sendable {
        var families: [String: MetricFamily] = [:]
        var descriptions: [String: Description] = [:]
        var warned: Set<String> = []
    }

    let configuration: Configuration
    private let storage = Mutex(Storage())
    private let warn: @Sendable (String) -> Void

    /// - Parameters:
    ///   - configuration: Bounds and buckets.
    ///   - warn: Receives each warning once; without it they are logged.
    public init(
        configuration: Configuration = Configuration(),
        warn: (@Sendable (String) -> Void)? = nil
    ) {
        self.configuration = configuration
        self.warn = warn ?? { Logger(label: "metrics").warning("\($0)") }
    }

    /// Says what a metric means, and for histograms where its buckets end, before its first use.
    ///
    /// Use it for metrics that come through swift-metrics, which carries neither.
    /// - Parameter name: The name as it is exposed, with its `_total` or `_seconds`.
    public func describe(_ name: String, help: String, buckets: HistogramBuckets? = nil) {
        storage.withLock { state in
            state.descriptions[name] = Description(help: help, buckets: buckets)
            state.families[name]?.help = help
        }
    }

    /// The counter of that name and those labels.
    public func counter(_ name: String, help: String? = nil, labels: [(String, String)] = []) -> PrometheusCounter {
        let made = series(MetricName.counter(name), .counter, label: name, help: help, labels: labels) { _ in
            .counter(PrometheusCounter())
        }
        if case .counter(let counter) = made { return counter }
        return PrometheusCounter()
    }

    /// The gauge of that name and those labels.
    public func gauge(_ name: String, help: String? = nil, labels: [(String, String)] = []) -> PrometheusGauge {
        let made = series(MetricName.sanitized(name), .gauge, label: name, help: help, labels: labels) { _ in
            .gauge(PrometheusGauge())
        }
        if case .gauge(let gauge) = made { return gauge }
        return PrometheusGauge()
    }

    /// Exposes a value that is computed at each scrape; a later call with the same name and labels replaces `read`.
    /// - Parameter read: Gives the value, or nil to leave the sample out. It is called on the thread that renders and must not
    ///   block.
    public func gauge(
        _ name: String, help: String, labels: [(String, String)] = [], read: @escaping @Sendable () -> Double?
    ) {
        setCallback(MetricName.sanitized(name), .gauge, help: help, labels: labels, read)
    }

    /// Exposes a total that something else counts; see ``gauge(_:help:labels:read:)``.
    public func counter(
        _ name: String, help: String, labels: [(String, String)] = [], read: @escaping @Sendable () -> Double?
    ) {
        setCallback(MetricName.counter(name), .counter, help: help, labels: labels, read)
    }

    /// The histogram of that name and those labels.
    /// - Parameters:
    ///   - name: The name; a histogram of durations should end in `_seconds`.
    ///   - buckets: The buckets of a histogram made by this call, when none were described.
    public func histogram(
        _ name: String, help: String? = nil, labels: [(String, String)] = [], buckets: HistogramBuckets = .httpLatency
    ) -> PrometheusHistogram {
        let made = series(MetricName.sanitized(name), .histogram, label: name, help: help, labels: labels) {
            described in
            .histogram(PrometheusHistogram(buckets: described?.buckets ?? buckets))
        }
        if case .histogram(let histogram) = made { return histogram }
        return PrometheusHistogram(buckets: buckets)
    }

    /// All metrics in the text exposition format, names and series in a fixed order.
    public func render() -> String {
        // Callbacks run outside the lock: one may record a metric itself.
        let families = storage.withLock { $0.families.values.sorted { $0.name < $1.name } }
        var exposition = TextExposition()
        for family in families { exposition.append(family) }
        return exposition.text
    }

    /// Forgets one series; its instrument goes on working for whoever holds it, unseen.
    func removeSeries(_ name: String, _ labels: LabelSet) {
        storage.withLock { state in
            state.families[name]?.series[labels] = nil
            if state.families[name]?.series.isEmpty == true { state.families[name] = nil }
        }
    }
}

extension PrometheusRegistry {
    /// The series asked for; made by `make` if it is new. Nil when the name is taken by another kind of metric or there are
    /// too many names; the caller then hands out an instrument that nobody scrapes.
    private func series(
        _ name: String, _ kind: MetricFamily.Kind, label: String, help: String?, labels: [(String, String)],
        make: (Description?) -> MetricFamily.Instrument
    ) -> MetricFamily.Instrument? {
        let labels = LabelSet(labels, isHistogram: kind == .histogram)
        let (instrument, warning) = storage.withLock { state -> (MetricFamily.Instrument?, String?) in
            // Found first and in place: this is the path of every request, and a copy of the family would copy its series.
            if let found = state.families[name]?.series[labels], state.families[name]?.kind == kind {
                return (found, nil)
            }
            if let warning = admit(name, kind, label: label, help: help, in: &state) {
                return (nil, state.warned.insert(name).inserted ? warning : nil)
            }
            let (key, warning) = slot(for: labels, of: name, in: &state)
            if let found = state.families[name]?.series[key] { return (found, warning) }
            let instrument = make(state.descriptions[name])
            state.families[name]?.series[key] = instrument
            return (instrument, warning)
        }
        if let warning { warn(warning) }
        return instrument
    }

    private func setCallback(
        _ name: String, _ kind: MetricFamily.Kind, help: String, labels: [(String, String)],
        _ read: @escaping @Sendable () -> Double?
    ) {
        let labels = LabelSet(labels, isHistogram: false)
        let warning = storage.withLock { state -> String? in
            if let warning = admit(name, kind, label: name, help: help, in: &state) {
                return state.warned.insert(name).inserted ? warning : nil
            }
            let isNew = state.families[name]?.series[labels] == nil
            let (key, warning) = isNew ? slot(for: labels, of: name, in: &state) : (labels, nil)
            state.families[name]?.series[key] = .callback(read)
            return warning
        }
        if let warning { warn(warning) }
    }

    /// Makes sure that the family exists; returns why it cannot.
    private func admit(
        _ name: String, _ kind: MetricFamily.Kind, label: String, help: String?, in state: inout Storage
    ) -> String? {
        if let family = state.families[name] {
            return family.kind == kind
                ? nil
                : "metric \(name) is a \(family.kind.rawValue) and was asked for as a \(kind.rawValue); not exposed"
        }
        guard state.families.count < configuration.familyLimit else {
            return "metric \(name) is one too many: \(configuration.familyLimit) names are in use; not exposed"
        }
        if let clash = Self.sampleClash(of: name, kind, with: state.families) {
            return "metric \(name) would share sample names with the metric \(clash); not exposed"
        }
        let described = help ?? state.descriptions[name]?.help
        state.families[name] = MetricFamily(
            name: name, kind: kind, help: described ?? "The \(kind.rawValue) \(label), recorded through swift-metrics.")
        return nil
    }

    /// Where a new series goes: under its labels, or into the overflow once the family is full.
    private func slot(for labels: LabelSet, of name: String, in state: inout Storage) -> (LabelSet, String?) {
        guard let family = state.families[name], family.series.count >= configuration.seriesLimit else {
            return (labels, nil)
        }
        guard !family.hasOverflowed else { return (.overflow, nil) }
        state.families[name]?.hasOverflowed = true
        return (
            .overflow,
            "metric \(name) reached its bound of \(configuration.seriesLimit) series; further label values count as overflow"
        )
    }

    /// The family whose samples a new one would be mistaken for: a histogram `x` also writes `x_bucket`, `x_sum`, `x_count`.
    private static func sampleClash(
        of name: String, _ kind: MetricFamily.Kind, with families: [String: MetricFamily]
    ) -> String? {
        for suffix in ["_bucket", "_sum", "_count"] {
            if kind == .histogram, families[name + suffix] != nil { return name + suffix }
            if name.hasSuffix(suffix) {
                let base = String(name.dropLast(suffix.count))
                if families[base]?.kind == .histogram { return base }
            }
        }
        return nil
    }
}
