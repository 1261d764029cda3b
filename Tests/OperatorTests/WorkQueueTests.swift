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

    @Test("what asks for a key in a moment is gathered into one run, and urgency does not wait for it")
    func gathering() {
        var state = State()
        let due = now + .milliseconds(50)
        state.add("a", notBefore: due)
        state.add("a", notBefore: due + .milliseconds(20))
        #expect(state.nextDue == due)
        #expect(state.take(now: now) == nil)
        #expect(state.take(now: due) == "a")
        state.add("a", notBefore: due + .milliseconds(50))
        state.finish("a", .recheck(after: .seconds(5)), now: due, backoff: Backoff(), jitter: 0)
        #expect(state.nextDue == due + .milliseconds(50))

        state.add("b", notBefore: now + .seconds(1))
        state.add("b", .urgent)
        #expect(state.take(now: now) == "b")
        state.finish("b", .done, now: now, backoff: Backoff(), jitter: 0)
        #expect(state.take(now: now) == nil)
    }

    @Test("of a thousand delayed keys each comes when it is due, however often that was put off or brought forward")
    func manyDelayedKeys() {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SeededRandom(state: seed)
        var keys = DelayedKeys<Int, ContinuousClock.Instant>()
        var expected: [Int: ContinuousClock.Instant] = [:]
        for _ in 0..<5000 {
            let key = Int.random(in: 0..<1000, using: &random)
            let due = now + .milliseconds(Int.random(in: 0..<500, using: &random))
            keys[key] = due
            expected[key] = due
        }
        for step in 0...500 {
            let time = now + .milliseconds(step)
            while let key = keys.popDue(time) {
                #expect(expected.removeValue(forKey: key).map { $0 <= time } == true, "seed \(seed)")
            }
            #expect(expected.values.allSatisfy { $0 > time }, "seed \(seed)")
        }
        #expect(expected.isEmpty && keys.next() == nil)
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

/// SplitMix64: the same numbers for the same seed.
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
