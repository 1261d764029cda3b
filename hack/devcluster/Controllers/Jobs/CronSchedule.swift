import Foundation

/// A cron schedule as Kubernetes reads it: five fields, names of months and days, `@hourly` and its like, `@every 1h30m`.
struct CronSchedule: Hashable, Sendable {
    /// Why a text is not a schedule.
    struct SyntaxError: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    private var minutes: Set<Int> = []
    private var hours: Set<Int> = []
    private var days: Set<Int> = []
    private var months: Set<Int> = []
    private var weekdays: Set<Int> = []
    private var anyDay = false
    private var anyWeekday = false
    private var every: Int?
    private let calendar: Calendar

    /// - Parameter timeZone: an IANA name; nil for UTC.
    init(_ text: String, timeZone: String?) throws(SyntaxError) {
        var calendar = Calendar(identifier: .gregorian)
        guard let zone = TimeZone(identifier: timeZone ?? "UTC") else {
            throw SyntaxError(description: "unknown time zone \(timeZone ?? "")")
        }
        calendar.timeZone = zone
        self.calendar = calendar
        let text = text.trimmingCharacters(in: .whitespaces)
        if text.hasPrefix("@every ") {
            guard let seconds = Self.duration(text.dropFirst(7)), seconds > 0 else {
                throw SyntaxError(description: "failed to parse duration \(text)")
            }
            every = seconds
            return
        }
        let shorthands = [
            "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
            "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
        ]
        let fields = (shorthands[text] ?? text).split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5 else {
            throw SyntaxError(description: "expected exactly 5 fields, found \(fields.count): \(text)")
        }
        minutes = try Self.field(fields[0], 0...59)
        hours = try Self.field(fields[1], 0...23)
        days = try Self.field(fields[2], 1...31)
        months = try Self.field(fields[3], 1...12, names: Self.monthNames, firstName: 1)
        weekdays = Set(try Self.field(fields[4], 0...7, names: Self.dayNames, firstName: 0).map { $0 % 7 })
        anyDay = fields[2].hasPrefix("*") || fields[2].hasPrefix("?")
        anyWeekday = fields[4].hasPrefix("*") || fields[4].hasPrefix("?")
    }

    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    private static func field(
        _ text: Substring, _ range: ClosedRange<Int>, names: [String] = [], firstName: Int = 0
    ) throws(SyntaxError) -> Set<Int> {
        func number(_ text: Substring) throws(SyntaxError) -> Int {
            if let index = names.firstIndex(of: text.lowercased()) { return index + firstName }
            guard let value = Int(text), range.contains(value) else {
                throw SyntaxError(description: "\(text) is not within \(range.lowerBound)-\(range.upperBound)")
            }
            return value
        }
        var values: Set<Int> = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let span = parts.first, !span.isEmpty else {
                throw SyntaxError(description: "an empty item in \(text)")
            }
            var bounds = range
            if span == "*" || span == "?" {
                if range == 0...7 { bounds = 0...6 }
            } else if let dash = span.firstIndex(of: "-") {
                let low = try number(span[..<dash])
                let high = try number(span[span.index(after: dash)...])
                guard low <= high else { throw SyntaxError(description: "\(span) ends before it begins") }
                bounds = low...high
            } else {
                let value = try number(span)
                // `5/15` goes on to the end of the field.
                bounds = parts.count == 2 ? value...range.upperBound : value...value
            }
            var step = 1
            if parts.count == 2 {
                guard let value = Int(parts[1]), value > 0 else {
                    throw SyntaxError(description: "the step \(parts[1]) is not a positive number")
                }
                step = value
            }
            values.formUnion(stride(from: bounds.lowerBound, through: bounds.upperBound, by: step))
        }
        return values
    }

    /// Go's durations, as far as schedules use them: `1h30m`.
    private static func duration(_ text: Substring) -> Int? {
        var total = 0
        var digits = ""
        for character in text.trimmingCharacters(in: .whitespaces) {
            if character.isNumber {
                digits.append(character)
            } else {
                guard let count = Int(digits), let unit = ["h": 3600, "m": 60, "s": 1][character] else { return nil }
                total += count * unit
                digits = ""
            }
        }
        return digits.isEmpty ? total : nil
    }

    /// The first time after another at which the schedule is due; nil when there is none within five years.
    func next(after time: KubernetesTime) -> KubernetesTime? {
        if let every { return time + every }
        let limit = time + 5 * 366 * 86_400
        var candidate = KubernetesTime(seconds: (time.seconds / 60 + 1) * 60)
        while candidate < limit {
            let parts = calendar.dateComponents([.month, .day, .weekday, .hour, .minute], from: candidate.date)
            guard let month = parts.month, let day = parts.day, let weekday = parts.weekday, let hour = parts.hour,
                let minute = parts.minute
            else { return nil }
            if !months.contains(month) || !matches(day: day, weekday: weekday - 1) {
                candidate = startOfNextDay(candidate)
            } else if !hours.contains(hour) {
                candidate = candidate + (60 - minute) * 60
            } else if !minutes.contains(minute) {
                candidate = candidate + 60
            } else {
                return candidate
            }
        }
        return nil
    }

    /// As cron has it: when both days are restricted, one of them is enough.
    private func matches(day: Int, weekday: Int) -> Bool {
        let isDay = days.contains(day)
        let isWeekday = weekdays.contains(weekday)
        return anyDay || anyWeekday ? isDay && isWeekday : isDay || isWeekday
    }

    private func startOfNextDay(_ time: KubernetesTime) -> KubernetesTime {
        let start = calendar.startOfDay(for: time.date)
        guard let next = calendar.date(byAdding: .day, value: 1, to: start) else { return time + 86_400 }
        return max(KubernetesTime(calendar.startOfDay(for: next)), time + 60)
    }

    /// The last time that was due after one moment and not after another, and whether there were several.
    func mostRecent(after earliest: KubernetesTime, until now: KubernetesTime) -> (time: KubernetesTime, missed: Int)? {
        guard var time = next(after: earliest), time <= now else { return nil }
        // A long pause leaves a great many: the last ones are enough, found from the steps between two.
        var missed = 1
        if let second = next(after: time), second <= now {
            let step = max(60, second - time)
            let skipped = max(0, (now - time) / step - 200)
            if skipped > 0, let later = next(after: time + (skipped - 1) * step), later <= now {
                time = later
                missed += skipped
            }
        }
        while let following = next(after: time), following <= now {
            time = following
            missed += 1
        }
        return (time, missed)
    }
}
