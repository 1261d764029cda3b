public import CoreMetrics

extension PrometheusRegistry: MetricsFactory {
    /// Makes the counter `label` with `_total` at its end.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        CounterAdapter(series(of: MetricName.counter(label), dimensions), counter(label, labels: dimensions))
    }

    /// Makes the counter `label` with `_total` at its end.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        CounterAdapter(series(of: MetricName.counter(label), dimensions), counter(label, labels: dimensions))
    }

    /// Makes the gauge `label`.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        GaugeAdapter(series(of: MetricName.sanitized(label), dimensions), gauge(label, labels: dimensions))
    }

    /// Makes a histogram, or for a recorder that does not aggregate, a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let name = MetricName.sanitized(label)
        guard aggregate else {
            return GaugeAdapter(series(of: name, dimensions), gauge(label, labels: dimensions))
        }
        return HistogramAdapter(
            series(of: name, dimensions, isHistogram: true),
            histogram(label, labels: dimensions, buckets: configuration.recorderBuckets))
    }

    /// Makes a histogram of seconds named `label` with `_seconds` at its end.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = MetricName.timer(label)
        return HistogramAdapter(
            series(of: name, dimensions, isHistogram: true),
            histogram(name, labels: dimensions, buckets: configuration.timerBuckets))
    }

    /// Stops exposing the counter's series.
    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    /// Stops exposing the counter's series.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    /// Stops exposing the gauge's series.
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    /// Stops exposing the recorder's series.
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    /// Stops exposing the timer's series.
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func destroy(_ handler: AnyObject) {
        guard let adapter = handler as? any SeriesAdapter else { return }
        removeSeries(adapter.series.name, adapter.series.labels)
    }

    private func series(of name: String, _ dimensions: [(String, String)], isHistogram: Bool = false) -> SeriesName {
        SeriesName(name: name, labels: LabelSet(dimensions, isHistogram: isHistogram))
    }
}

/// What a series is found by when it is destroyed.
private struct SeriesName: Sendable {
    let name: String
    let labels: LabelSet
}

/// A handler that swift-metrics holds, standing for one series.
private protocol SeriesAdapter: AnyObject {
    var series: SeriesName { get }
}

private final class CounterAdapter: SeriesAdapter, CounterHandler, FloatingPointCounterHandler {
    let series: SeriesName
    private let counter: PrometheusCounter

    init(_ series: SeriesName, _ counter: PrometheusCounter) {
        self.series = series
        self.counter = counter
    }

    func increment(by amount: Int64) { counter.increment(by: Int(clamping: amount)) }
    func increment(by amount: Double) { counter.increment(by: amount) }
    func reset() { counter.reset() }
}

private final class GaugeAdapter: SeriesAdapter, MeterHandler, RecorderHandler {
    let series: SeriesName
    private let gauge: PrometheusGauge

    init(_ series: SeriesName, _ gauge: PrometheusGauge) {
        self.series = series
        self.gauge = gauge
    }

    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.increment(by: amount) }
    func decrement(by amount: Double) { gauge.decrement(by: amount) }
}

private final class HistogramAdapter: SeriesAdapter, RecorderHandler, TimerHandler {
    let series: SeriesName
    private let histogram: PrometheusHistogram

    init(_ series: SeriesName, _ histogram: PrometheusHistogram) {
        self.series = series
        self.histogram = histogram
    }

    func record(_ value: Int64) { histogram.observe(Double(value)) }
    func record(_ value: Double) { histogram.observe(value) }
    func recordNanoseconds(_ duration: Int64) { histogram.observe(Double(duration) * 1e-9) }
}
