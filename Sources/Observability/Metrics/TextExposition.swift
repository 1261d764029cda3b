/// Writes Prometheus' text exposition format, version 0.0.4.
struct TextExposition {
    private(set) var text = ""

    /// Appends a family: HELP, TYPE, then its series in the order of their labels.
    mutating func append(_ family: MetricFamily) {
        var samples = ""
        for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
            switch instrument {
            case .counter(let counter): Self.appendSample(family.name, labels, counter.text, to: &samples)
            case .gauge(let gauge): Self.appendSample(family.name, labels, Self.number(gauge.value), to: &samples)
            case .histogram(let histogram): Self.append(histogram, family.name, labels, to: &samples)
            case .callback(let read):
                if let value = read() { Self.appendSample(family.name, labels, Self.number(value), to: &samples) }
            }
        }
        guard !samples.isEmpty else { return }
        text += "# HELP \(family.name) \(Self.escapedHelp(family.help))\n"
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
        text += samples
    }

    /// `value` as the format writes it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // 2^53: up to there every whole number has its own Double, and digits read better than an exponent.
        if value.rounded(.towardZero) == value, abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
        return value.description
    }

    private static func append(
        _ histogram: PrometheusHistogram, _ name: String, _ labels: LabelSet, to samples: inout String
    ) {
        let snapshot = histogram.snapshot()
        var cumulative: UInt64 = 0
        for (bound, count) in zip(histogram.buckets.upperBounds + [.infinity], snapshot.counts) {
            cumulative += count
            appendSample(name + "_bucket", labels, String(cumulative), upperBound: number(bound), to: &samples)
        }
        appendSample(name + "_sum", labels, number(snapshot.sum), to: &samples)
        appendSample(name + "_count", labels, String(cumulative), to: &samples)
    }

    private static func appendSample(
        _ name: String, _ labels: LabelSet, _ value: String, upperBound: String? = nil, to samples: inout String
    ) {
        samples += name
        var pairs = labels.pairs.map { "\($0.name)=\"\(escapedLabel($0.value))\"" }
        if let upperBound { pairs.append("le=\"\(upperBound)\"") }
        if !pairs.isEmpty { samples += "{\(pairs.joined(separator: ","))}" }
        samples += " \(value)\n"
    }

    private static func escapedLabel(_ value: String) -> String {
        escaped(value, quotes: true)
    }

    private static func escapedHelp(_ help: String) -> String {
        escaped(help, quotes: false)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        // By scalars: "\r\n" is one Character, and would slip through a comparison with "\n".
        guard text.unicodeScalars.contains(where: { $0 == "\\" || $0 == "\n" || $0 == "\"" }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
