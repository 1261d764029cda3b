import CCurl

/// When a refused request is sent again, and after how long. Pure: the caller sleeps.
struct RetryPolicy: Sendable, Hashable {
    /// How often a request is sent at most.
    var maximumAttempts = 5
    /// How often it is sent at most when connections break under it.
    var maximumConnectionAttempts = 3
    /// The first pause where the server names none; doubled at each further attempt.
    var basePause: Duration = .milliseconds(250)
    /// The longest pause: whoever is asked to wait longer hands the error to the caller, who knows what can wait.
    var maximumPause: Duration = .seconds(10)

    /// The pause before the next attempt; `nil` when the answer is final.
    ///
    /// 429 says that nothing was done, so anything may be repeated; after a 503 or 504, or another server error with
    /// `Retry-After`, only what leaves the same state when done twice.
    /// - Parameter random: a number in 0..<1 that spreads the clients which the server turned away together.
    func pause(
        attempt: Int, httpStatus: Int, retryAfter: Duration?, isIdempotent: Bool, random: Double
    ) -> Duration? {
        guard attempt < maximumAttempts else { return nil }
        switch httpStatus {
        case 429: break
        case 503, 504: guard isIdempotent else { return nil }
        case 500...599: guard isIdempotent, retryAfter != nil else { return nil }
        default: return nil
        }
        if let retryAfter {
            guard retryAfter <= maximumPause else { return nil }
            // Never earlier than asked; up to a quarter later, at least 10 ms apart.
            return retryAfter + max(retryAfter * 0.25, .milliseconds(10)) * random
        }
        let exponential = min(basePause * (1 << min(attempt - 1, 10)), maximumPause)
        return exponential * (0.5 + random / 2)
    }

    /// The pause after a connection that broke before the answer was whole; `nil` when the error is final.
    func pauseAfterBrokenConnection(attempt: Int, random: Double) -> Duration? {
        guard attempt < maximumConnectionAttempts else { return nil }
        return min(basePause * (1 << min(attempt - 1, 10)), maximumPause) * (0.5 + random / 2)
    }

    /// The pause that a `Retry-After` header asks for, in seconds or as a date (RFC 9110, section 10.2.3); `nil` when it is
    /// neither. API servers send seconds, what stands in front of them may send dates.
    static func retryAfter(header: String?, now: Timestamp = .now) -> Duration? {
        guard let header else { return nil }
        let text = header.filter { $0 != " " }
        if let seconds = Int(text) { return seconds >= 0 ? .seconds(seconds) : nil }
        // Dates of HTTP are always of Greenwich; libcurl would read much more than that.
        guard text.hasSuffix("GMT") else { return nil }
        let date = curl_getdate(header, nil)
        return date < 0 ? nil : max(.seconds(Int64(date)) - .microseconds(now.microseconds), .zero)
    }
}
