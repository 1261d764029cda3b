/// A series' labels: names sanitised, sorted, each once, so that equal sets are equal values.
struct LabelSet: Hashable, Sendable {
    /// The labels in the order of their names.
    let pairs: [Pair]

    /// One label.
    struct Pair: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// The labels of the one series that stands for all those beyond a family's bound.
    static let overflow = LabelSet([("overflow", "true")], isHistogram: false)

    /// - Parameters:
    ///   - labels: Names and values as the caller gave them. Values of names that fall together once sanitised are joined
    ///     with `;`, as Prometheus' own relabelling does: a name given twice would make the server refuse the whole scrape.
    ///   - isHistogram: Whether `le`, which a histogram's buckets need, must be left free.
    init(_ labels: [(String, String)], isHistogram: Bool) {
        if labels.isEmpty {
            pairs = []
            return
        }
        var sorted =
            labels
            .map { name, value in
                let name = MetricName.label(name)
                return Pair(name: isHistogram && name == "le" ? "exported_le" : name, value: value)
            }
        sorted.sort { $0.name < $1.name }
        var unique: [Pair] = []
        unique.reserveCapacity(sorted.count)
        for pair in sorted {
            if let last = unique.last, last.name == pair.name {
                unique[unique.count - 1] = Pair(name: last.name, value: last.value + ";" + pair.value)
            } else {
                unique.append(pair)
            }
        }
        pairs = unique
    }
}

extension LabelSet: Comparable {
    static func < (left: LabelSet, right: LabelSet) -> Bool {
        for (one, other) in zip(left.pairs, right.pairs) where one != other {
            return one.name == other.name ? one.value < other.value : one.name < other.name
        }
        return left.pairs.count < right.pairs.count
    }
}
