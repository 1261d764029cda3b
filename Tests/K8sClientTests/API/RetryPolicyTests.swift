@testable import K8sClient
import Testing

@Suite("When a refused request is sent again")
struct RetryPolicyTests {
    private let policy = RetryPolicy()

    private func pause(
        _ status: Int, attempt: Int = 1, after: Duration? = nil, isIdempotent: Bool = true, random: Double = 0
    ) -> Duration? {
        policy.pause(
            attempt: attempt, httpStatus: status, retryAfter: after, isIdempotent: isIdempotent, random: random)
    }

    @Test("429 always, 503 and 504 only what may be done twice, other server errors only when asked to")
    func statuses() {
        #expect(pause(429, isIdempotent: false) != nil)
        for status in [503, 504] {
            #expect(pause(status) != nil)
            #expect(pause(status, isIdempotent: false) == nil)
        }
        #expect(pause(500) == nil)
        #expect(pause(500, after: .seconds(1)) != nil)
        for status in [400, 401, 403, 404, 409, 410, 422] { #expect(pause(status, after: .seconds(1)) == nil) }
    }

    @Test("Never earlier than asked, a little spread, and not at all when asked for too much patience")
    func retryAfter() {
        #expect(pause(429, after: .seconds(4)) == .seconds(4))
        #expect(pause(429, after: .seconds(4), random: 0.5) == .seconds(4.5))
        #expect(pause(429, after: .seconds(60)) == nil)
    }

    @Test("Without a time asked for, pauses double; the number of attempts is bounded")
    func backoff() {
        #expect(pause(429, attempt: 1, random: 0.999) ?? .zero < .milliseconds(251))
        #expect(pause(429, attempt: 4) == .seconds(1))
        #expect(pause(429, attempt: 5) == nil)
    }

    @Test("The header's seconds or date are read; anything else asks for nothing")
    func header() {
        #expect(RetryPolicy.retryAfter(header: "3") == .seconds(3))
        let now = Timestamp(microseconds: 1_792_567_670_000_000)  // Wed, 21 Oct 2026 07:27:50 GMT
        #expect(RetryPolicy.retryAfter(header: "Wed, 21 Oct 2026 07:28:00 GMT", now: now) == .seconds(10))
        #expect(RetryPolicy.retryAfter(header: "Wed, 21 Oct 2026 07:27:00 GMT", now: now) == .zero)
        #expect(RetryPolicy.retryAfter(header: "\(Int.max)") == .seconds(Int.max))
        for header in ["-1", "", "soon", "99999999999999999999", "Wed, 21 Oct"] {
            #expect(RetryPolicy.retryAfter(header: header) == nil)
        }
        #expect(RetryPolicy.retryAfter(header: nil) == nil)
    }
}
