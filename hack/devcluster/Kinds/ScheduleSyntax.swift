/// The five fields of a CronJob's schedule, checked as the API server's parser checks them.
enum ScheduleSyntax {
    private static let fields: [(name: String, range: ClosedRange<Int>, words: [String])] = [
        ("minute", 0...59, []), ("hour", 0...23, []), ("day of month", 1...31, []),
        ("month", 1...12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        ("day of week", 0...6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    /// What is wrong with a schedule; nil for a good one.
    static func problem(_ schedule: String) -> String? {
        if schedule.hasPrefix("@") {
            let known = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]
            return known.contains(schedule) || schedule.hasPrefix("@every ")
                ? nil : "unrecognized descriptor: \(schedule)"
        }
        let parts = schedule.split(whereSeparator: \.isWhitespace)
        guard parts.count == 5 else {
            return "expected exactly 5 fields, found \(parts.count): [\(parts.joined(separator: " "))]"
        }
        for (part, field) in zip(parts, fields) {
            for item in part.split(separator: ",", omittingEmptySubsequences: false) {
                if let problem = problem(item: item, field.range, field.words) { return problem }
            }
        }
        return nil
    }

    private static func problem(item: Substring, _ range: ClosedRange<Int>, _ words: [String]) -> String? {
        let halves = item.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return "too many slashes: \(item)" }
        if halves.count == 2 {
            guard let step = Int(halves[1]) else { return "failed to parse int from \(halves[1]): invalid syntax" }
            guard step > 0 else { return "step of range should be a positive number: \(item)" }
        }
        if halves[0] == "*" || halves[0] == "?" { return nil }
        var bounds: [Int] = []
        for bound in halves[0].split(separator: "-", omittingEmptySubsequences: false) {
            if let number = Int(bound) {
                bounds.append(number)
            } else if let index = words.firstIndex(of: bound.lowercased()) {
                bounds.append(index + range.lowerBound)
            } else {
                return
                    "failed to parse int from \(bound): strconv.Atoi: parsing \(quoted(String(bound))): invalid syntax"
            }
        }
        guard bounds.count <= 2, let first = bounds.first, let last = bounds.last else {
            return "too many hyphens: \(item)"
        }
        if first < range.lowerBound {
            return "beginning of range (\(first)) below minimum (\(range.lowerBound)): \(item)"
        }
        if last > range.upperBound { return "end of range (\(last)) above maximum (\(range.upperBound)): \(item)" }
        return first > last ? "beginning of range (\(first)) beyond end of range (\(last)): \(item)" : nil
    }
}
