/// Names as Prometheus accepts them.
enum MetricName {
    /// `label` with every character that a metric name may not hold replaced by `_`: `hb.requests` becomes `hb_requests`.
    static func sanitized(_ label: String) -> String {
        sanitize(label) { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":") }
    }

    /// The name of a counter: sanitised, and ending in `_total` as Prometheus' conventions and promtool ask.
    static func counter(_ label: String) -> String {
        appending("_total", to: sanitized(label))
    }

    /// The name of a duration: sanitised, and ending in its unit.
    static func timer(_ label: String) -> String {
        appending("_seconds", to: sanitized(label))
    }

    /// `name` as a label's name: sanitised, and out of the `__` space that Prometheus keeps for itself.
    static func label(_ name: String) -> String {
        let name = sanitize(name) { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
        return name.hasPrefix("__") ? "exported" + name.dropFirst() : name
    }

    private static func appending(_ suffix: String, to name: String) -> String {
        name.hasSuffix(suffix) ? name : name + suffix
    }

    private static func sanitize(_ text: String, isAllowed: (UInt8) -> Bool) -> String {
        guard let first = text.utf8.first else { return "_" }
        if !isDigit(first) && text.utf8.allSatisfy(isAllowed) { return text }
        var result = isDigit(first) ? "_" : ""
        for scalar in text.unicodeScalars {
            if scalar.isASCII, isAllowed(UInt8(scalar.value)) {
                result.unicodeScalars.append(scalar)
            } else {
                result.append("_")
            }
        }
        return result
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
