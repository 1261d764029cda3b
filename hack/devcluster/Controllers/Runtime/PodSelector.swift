import K8sClient

/// A `LabelSelector`: `matchLabels` and `matchExpressions`, all of which must hold.
struct PodSelector: Sendable {
    private let labels: [String: String]
    private let expressions: [(key: String, operation: String, values: [String])]

    init(_ selector: JSONValue?) {
        labels = selector?["matchLabels"]?.strings ?? [:]
        expressions = (selector?.items("matchExpressions") ?? []).map {
            ($0["key"]?.string ?? "", $0["operator"]?.string ?? "", $0.items("values").compactMap(\.string))
        }
    }

    /// Whether an object with these labels is selected; a selector without any requirement selects everything.
    func matches(_ candidate: [String: String]) -> Bool {
        labels.allSatisfy { candidate[$0.key] == $0.value }
            && expressions.allSatisfy { key, operation, values in
                switch operation {
                case "In": candidate[key].map(values.contains) ?? false
                case "NotIn": candidate[key].map { !values.contains($0) } ?? true
                case "Exists": candidate[key] != nil
                case "DoesNotExist": candidate[key] == nil
                default: false
                }
            }
    }
}
