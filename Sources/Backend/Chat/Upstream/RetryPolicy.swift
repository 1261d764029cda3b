import FoundationEssentials
import NIOCore
import NIOHTTP1

/// When a request that failed before its first byte is tried again.
struct RetryPolicy: Sendable {
    var maximumAttempts: Int
    /// The wait before the second attempt at the same server; doubled before each further one.
    var baseDelay = TimeAmount.milliseconds(250)
    /// Nobody waits at a prompt for longer than this without a sign; the client hears of a longer `Retry-After` itself.
    var maximumWait = TimeAmount.seconds(20)

    /// Whether a later attempt may fare better than this answer: the request was turned away, or something broke.
    ///
    /// 501 and 505 stay what they are.
    static func isRetryable(status: Int) -> Bool {
        [408, 409, 429, 500, 502, 503, 504].contains(status) || (520...529).contains(status)
    }

    /// The wait before the attempt after `attempt` (from 1); nil when there is none within the deadline.
    /// - Parameters:
    ///   - rest: How long the server asked to be left alone; zero for another server.
    ///   - isOtherServer: Another one is asked at once.
    ///   - jitter: From 0 to 1.
    func delay(
        after attempt: Int, rest: TimeAmount, isOtherServer: Bool, jitter: Double, remaining: TimeAmount
    ) -> TimeAmount? {
        guard attempt < maximumAttempts else { return nil }
        let backoff = isOtherServer ? .zero : baseDelay * (1 << min(attempt - 1, 8))
        let jittered = TimeAmount.nanoseconds(Int64(Double(backoff.nanoseconds) * (0.5 + jitter / 2)))
        let delay = max(rest, jittered)
        guard delay <= maximumWait, delay < remaining else { return nil }
        return delay
    }

    /// The wait that an answer asks for: `retry-after-ms`, or `Retry-After` in seconds or as a date.
    static func retryAfter(_ headers: HTTPHeaders, now: Date = Date()) -> TimeAmount? {
        if let text = headers.first(name: "retry-after-ms"), let milliseconds = Double(text), milliseconds >= 0,
            milliseconds < 1e9
        {
            return .microseconds(Int64(milliseconds * 1000))
        }
        guard let text = headers.first(name: "retry-after") else { return nil }
        if let seconds = Double(text) {
            return seconds >= 0 && seconds < 1e6 ? .milliseconds(Int64(seconds * 1000)) : nil
        }
        // Not a date: as if it were not there.
        guard let date = date(http: text) else { return nil }
        let seconds = date.timeIntervalSince(now)
        return seconds > 0 && seconds < 1e6 ? .milliseconds(Int64(seconds * 1000)) : .zero
    }

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7, the one form that is written today).
    private static func date(http text: String) -> Date? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")?.date
    }
}
