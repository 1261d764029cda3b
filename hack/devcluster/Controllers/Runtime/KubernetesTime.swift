import FoundationEssentials

/// A moment to the second, as Kubernetes writes it (`metav1.Time`, RFC 3339 in UTC).
struct KubernetesTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970.
    var seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    init(_ date: Date) { seconds = Int(date.timeIntervalSince1970.rounded(.down)) }

    /// A time from its text; nil when it is none. Fractions of a second are dropped.
    init?(_ text: String) {
        if let date = try? Date(text, strategy: .iso8601) {
            self.init(date)
        } else if let date = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)) {
            self.init(date)
        } else {
            return nil
        }
    }

    static var now: KubernetesTime { KubernetesTime(Date()) }

    var date: Date { Date(timeIntervalSince1970: Double(seconds)) }
    var description: String { date.formatted(.iso8601) }

    static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }
    static func + (time: Self, seconds: Int) -> Self { Self(seconds: time.seconds + seconds) }
    /// The seconds from one time to another.
    static func - (left: Self, right: Self) -> Int { left.seconds - right.seconds }
}
