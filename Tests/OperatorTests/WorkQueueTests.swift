import Testing

@testable import Operator

@Suite struct WorkQueueStateTests {
    private typealias State = WorkQueueState<String, ContinuousClock.Instant>
    private let now = ContinuousClock.now

    @Test("a key waits once and runs once at a time, however often it is asked for")
    func deduplication() {
        var state = State()
        state.add("a")
        state.add("a")
        #expect(state.take(now: now) == "a")
        #expect(state.take(now: now) == nil)
        state.add("a")
        #expect(state.take(now: now) == nil)
        state.finish("a", .done, now: now, backoff: Backoff(), jitter: 0)
        #expect(state.take(now: now) == "a")
        state.finish("a", .done, now: now, backoff: Backoff(), jitter: 0)
        #expect(state.take(now: now) == nil)
    }

    @Test("an urgent key goes before those that wait, also when it waited itself")
    func urgency() {
        var state = State()
        for key in ["a", "b", "c"] { state.add(key) }
        state.add("c", .urgent)
        #expect(state.take(now: now) == "c")
        #expect(state.take(now: now) == "a")
    }

    @Test("failures delay a key twice as long each time up to the bound, and one success forgets them")
    func backoff() {
        let backoff = Backoff(first: .seconds(1), longest: .seconds(5))
        var state = State()
        state.add("a")
        var time = now
        for delay in [1, 2, 4, 5, 5] {
            #expect(state.take(now: time) == "a")
            state.finish("a", .failed, now: time, backoff: backoff, jitter: 0)
            #expect(state.nextDue == time + .seconds(delay))
            #expect(state.take(now: time + .seconds(delay) - .milliseconds(1)) == nil)
            time = time + .seconds(delay)
        }
        #expect(state.take(now: time) == "a")
        state.finish("a", .done, now: time, backoff: backoff, jitter: 0)
        state.add("a")
        #expect(state.take(now: time) == "a")
        state.finish("a", .failed, now: time, backoff: backoff, jitter: 0)
        #expect(state.nextDue == time + .seconds(1))
    }

    @Test("a failing key delays no other")
    func isolation() {
        var state = State()
        state.add("poisoned")
        state.add("healthy")
        #expect(state.take(now: now) == "poisoned")
        state.finish("poisoned", .failed, now: now, backoff: Backoff(), jitter: 0)
        #expect(state.take(now: now) == "healthy")
    }

    @Test("a key asked for while it ran and failed keeps its delay")
    func failureKeepsDelay() {
        var state = State()
        state.add("a")
        _ = state.take(now: now)
        state.add("a")
        state.finish("a", .failed, now: now, backoff: Backoff(), jitter: 0)
        #expect(state.take(now: now) == nil)
        #expect(state.nextDue != nil)
    }

    @Test("jitter only shortens a delay, by a quarter at most")
    func jitter() {
        let backoff = Backoff(first: .seconds(4), longest: .seconds(4))
        #expect(backoff.delay(afterFailures: 0, jitter: 1) == .seconds(3))
        #expect(backoff.delay(afterFailures: 40, jitter: 0) == .seconds(4))
    }
}
