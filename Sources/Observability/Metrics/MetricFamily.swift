/// All series of one metric name.
struct MetricFamily: Sendable {
    /// The word in a `# TYPE` line.
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// What gives a series its value.
    enum Instrument: Sendable {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)
        case callback(@Sendable () -> Double?)
    }

    let name: String
    let kind: Kind
    var help: String
    var series: [LabelSet: Instrument] = [:]
    /// Set once the bound on series was reached, so that it is said once.
    var hasOverflowed = false
}
