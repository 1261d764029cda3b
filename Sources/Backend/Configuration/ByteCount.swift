/// Sizes as people write them.
enum ByteCount {
    private static let units: [(suffix: String, factor: Int)] = [
        ("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10), ("", 1),
    ]

    /// Reads bytes, or a number with `K`, `M` or `G`, a `B` or `iB` after it: powers of 1024, as nginx counts.
    static func parse(_ text: String, _ range: ClosedRange<Int>) throws(InvalidValue) -> Int {
        var number = text.lowercased()[...]
        for end in ["ib", "b"] where number.hasSuffix(end) {
            number = number.dropLast(end.count)
            break
        }
        for (suffix, factor) in units where number.hasSuffix(suffix) {
            let digits = number.dropLast(suffix.count).split(separator: " ").joined()
            guard let value = Int(digits), value <= range.upperBound / factor, range.contains(value * factor) else {
                break
            }
            return value * factor
        }
        throw InvalidValue(
            "must be a size from \(format(range.lowerBound)) to \(format(range.upperBound)), in bytes or as in 10M")
    }

    /// As short as it is exact.
    static func format(_ bytes: Int) -> String {
        for (suffix, factor) in units where bytes >= factor && bytes % factor == 0 {
            return "\(bytes / factor)\(suffix.uppercased())"
        }
        return "\(bytes)"
    }
}
