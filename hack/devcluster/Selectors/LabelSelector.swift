import K8sClient

/// Which objects a list, a watch or a controller is about, by their labels.
struct LabelSelector: Sendable, Hashable {
    enum Operation: Sendable, Hashable {
        case `in`(Set<String>)
        case notIn(Set<String>)
        case exists
        case doesNotExist
        case greater(Int)
        case less(Int)
    }

    struct Requirement: Sendable, Hashable {
        var key: String
        var operation: Operation

        func matches(_ labels: [String: String]) -> Bool {
            let value = labels[key]
            switch operation {
            case .in(let values): return value.map(values.contains) ?? false
            case .notIn(let values): return value.map { !values.contains($0) } ?? true
            case .exists: return value != nil
            case .doesNotExist: return value == nil
            case .greater(let bound): return value.flatMap { Int($0) }.map { $0 > bound } ?? false
            case .less(let bound): return value.flatMap { Int($0) }.map { $0 < bound } ?? false
            }
        }
    }

    var requirements: [Requirement] = []

    /// The selector that every object fits.
    static let everything = LabelSelector()

    func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels) } }

    /// Exactly these labels.
    init(labels: [String: String] = [:]) {
        requirements = labels.sorted { $0.key < $1.key }.map { Requirement(key: $0, operation: .in([$1])) }
    }

    /// The selector that an object carries (`metav1.LabelSelector`); nil selects nothing.
    init?(_ object: JSONValue?) {
        guard let object else { return nil }
        self.init(labels: (object["matchLabels"]?.object ?? [:]).compactMapValues(\.string))
        for expression in object["matchExpressions"]?.array ?? [] {
            guard let key = expression["key"]?.string else { return nil }
            let values = Set((expression["values"]?.array ?? []).compactMap(\.string))
            switch expression["operator"]?.string {
            case "In": requirements.append(Requirement(key: key, operation: .in(values)))
            case "NotIn": requirements.append(Requirement(key: key, operation: .notIn(values)))
            case "Exists": requirements.append(Requirement(key: key, operation: .exists))
            case "DoesNotExist": requirements.append(Requirement(key: key, operation: .doesNotExist))
            default: return nil
            }
        }
    }

    /// The text form, as `kubectl` prints it and a scale's status carries it.
    var text: String {
        requirements.map { requirement in
            switch requirement.operation {
            case .in(let values):
                values.count == 1
                    ? "\(requirement.key)=\(values.joined())"
                    : "\(requirement.key) in (\(values.sorted().joined(separator: ",")))"
            case .notIn(let values): "\(requirement.key) notin (\(values.sorted().joined(separator: ",")))"
            case .exists: requirement.key
            case .doesNotExist: "!\(requirement.key)"
            case .greater(let bound): "\(requirement.key)>\(bound)"
            case .less(let bound): "\(requirement.key)<\(bound)"
            }
        }.joined(separator: ",")
    }
}
