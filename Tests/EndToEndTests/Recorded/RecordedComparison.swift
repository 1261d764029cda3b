import K8sClient

/// How an answer is compared with the recorded one: values that no two servers share are replaced by placeholders, a
/// server may add members, but may not lack or change one.
enum RecordedComparison {
    private static let ignored: Set<String> = [
        "managedFields", "clusterIP", "clusterIPs", "ipFamilies", "continue", "remainingItemCount", "selfLink",
        "creationTimestamp",
    ]

    /// The value with placeholders.
    /// - Parameter keep: members that are compared although they are usually left out.
    static func normal(_ value: JSONValue, key: String = "", keep: Set<String> = []) -> JSONValue {
        switch value {
        case .object(let members):
            var result: [String: JSONValue] = [:]
            for (name, member) in members where !ignored.contains(name) || keep.contains(name) {
                result[name] = normal(member, key: name, keep: keep)
            }
            return .object(result)
        case .array(let items): return .array(items.map { normal($0, key: key, keep: keep) })
        case .string(let text):
            if key == "uid" { return "<uid>" }
            if key == "resourceVersion" { return text.isEmpty ? "" : "<rv>" }
            let isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
            if text.wholeMatch(of: isTime) != nil { return "<time>" }
            return .string(
                text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "<uid>"))
        default: return value
        }
    }

    /// What differs, each difference with its path.
    static func differences(_ recorded: JSONValue, _ found: JSONValue, path: String = "", isExact: Bool) -> [String] {
        switch (recorded, found) {
        case (.object(let expected), .object(let members)):
            var result: [String] = []
            for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
                if let member = members[name] {
                    result += differences(value, member, path: "\(path).\(name)", isExact: isExact)
                } else {
                    result.append("\(path).\(name): missing, recorded \(value.jsonText.prefix(100))")
                }
            }
            if isExact {
                result += members.keys.filter { expected[$0] == nil }.sorted().map {
                    "\(path).\($0): not on the real server"
                }
            }
            return result
        case (.array(let expected), .array(let items)):
            let counts =
                expected.count == items.count ? [] : ["\(path): \(items.count) items, recorded \(expected.count)"]
            return counts
                + zip(expected, items).enumerated().flatMap { index, pair in
                    differences(pair.0, pair.1, path: "\(path)[\(index)]", isExact: isExact)
                }
        default:
            return recorded == found
                ? [] : ["\(path): \(found.jsonText.prefix(120)), recorded \(recorded.jsonText.prefix(120))"]
        }
    }

    /// Only the members under the dotted paths.
    static func projection(_ value: JSONValue, _ paths: [String]?) -> JSONValue {
        guard let paths, case .object = value else { return value }
        var result: JSONValue = [:]
        for path in paths {
            let keys = path.split(separator: ".").map { String($0) }
            if let member = value[path: keys[...]] {
                result[path: keys[...]] = member
            } else {
                // As far as the path leads, its objects are there.
                for length in 1..<max(1, keys.count)
                where value[path: keys[..<length]] != nil && result[path: keys[..<length]] == nil {
                    result[path: keys[..<length]] = [:]
                }
            }
        }
        return result
    }
}
