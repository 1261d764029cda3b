import FoundationEssentials

/// A figure of this client and the same one of Python's.
struct Pair: Sendable {
    var ours: Double
    var theirs: Double

    func mapped(_ transform: (Double) -> Double) -> Pair { Pair(ours: transform(ours), theirs: transform(theirs)) }
}

/// Figures of both clients, and how many times better this one is.
struct ComparisonTable: Sendable {
    enum Direction { case lessIsBetter, moreIsBetter }

    private var rows = [["", "K8sClient", "Python", "ratio"]]

    mutating func add(_ name: String, _ pair: Pair, _ direction: Direction) {
        let ratio = direction == .moreIsBetter ? pair.ours / pair.theirs : pair.theirs / pair.ours
        rows.append([name, Self.text(pair.ours), Self.text(pair.theirs), Self.text(ratio)])
    }

    mutating func add(_ name: String, reason: String) { rows.append([name, reason]) }

    func print() {
        let widths = rows[0].indices.map { column in
            rows.filter { $0.count > 2 || column == 0 }.map { $0[column].count }.max() ?? 0
        }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: max(widths[column] - cell.count, 0))
                return column == 0 || row.count == 2 ? cell + space : space + cell
            }
            Swift.print(cells.joined(separator: "  "))
        }
    }

    private static func text(_ value: Double) -> String {
        value >= 100 ? "\(Int(value.rounded()))" : "\((value * 10).rounded() / 10)"
    }
}
