@testable import K8sClient
import Testing

@Suite("Who leads, by a Lease")
struct LeaseElectionTests {
    private let start = ContinuousClock.now
    private let time = Timestamp(microseconds: 1_700_000_000_000_000)

    private func election(_ identity: String = "me") -> LeaseElection {
        LeaseElection(identity: identity, durationSeconds: 15, renewDeadline: .seconds(10))
    }

    private func record(_ holder: String, renewed: String = "then", transitions: Int = 3) -> LeaseElection.Record {
        .init(holder: holder, durationSeconds: 15, acquireTime: "before", renewTime: renewed, transitions: transitions)
    }

    @Test("A lease that nobody holds may be taken")
    func free() {
        var election = election()
        #expect(election.mayHold(at: start))
        election.observe(record(""), at: start)
        #expect(election.mayHold(at: start))
        #expect(election.record(at: time).transitions == 4)
    }

    @Test("Another's lease may be taken once it has not changed for its duration, whatever times it holds")
    func expiry() {
        var election = election()
        election.observe(record("other", renewed: "1970-01-01T00:00:00.000000Z"), at: start)
        #expect(!election.mayHold(at: start))
        #expect(!election.mayHold(at: start + .seconds(14.9)))
        election.observe(record("other", renewed: "1970-01-01T00:00:02.000000Z"), at: start + .seconds(14))
        #expect(!election.mayHold(at: start + .seconds(28.9)), "a sign of life begins the time anew")
        #expect(election.mayHold(at: start + .seconds(29)))
        #expect(election.record(at: time).holder == "me")
        #expect(election.record(at: time).acquireTime == time.micro)
    }

    @Test("Seeing the same record again does not prolong it")
    func sameRecord() {
        var election = election()
        for second in 0..<16 { election.observe(record("other"), at: start + .seconds(second)) }
        #expect(election.mayHold(at: start + .seconds(15)))
    }

    @Test("It leads from the moment it sent the record that was taken, until the deadline")
    func leading() {
        var election = election()
        let mine = election.record(at: time)
        election.wrote(mine, sentAt: start)
        #expect(election.leads(at: start + .seconds(9.9)))
        #expect(!election.leads(at: start + .seconds(10)))
        let renewed = election.record(at: Timestamp(microseconds: time.microseconds + 2_000_000))
        #expect(renewed.acquireTime == mine.acquireTime)
        #expect(renewed.transitions == mine.transitions)
        #expect(renewed.renewTime != mine.renewTime)
        election.wrote(renewed, sentAt: start + .seconds(8))
        #expect(election.leads(at: start + .seconds(17)))
    }

    @Test("It no longer leads when another holds the lease")
    func taken() {
        var election = election()
        election.wrote(election.record(at: time), sentAt: start)
        election.observe(record("other"), at: start + .seconds(1))
        #expect(!election.leads(at: start + .seconds(1)))
    }

    @Test("Its own lease from before a restart is taken up again, but it does not lead before it has renewed it")
    func restart() {
        var election = election()
        election.observe(record("me"), at: start)
        #expect(!election.leads(at: start))
        #expect(election.mayHold(at: start))
    }

    @Test("Giving up leaves a lease that nobody has to wait for")
    func release() {
        var election = election()
        #expect(election.released(at: time) == nil)
        election.wrote(election.record(at: time), sentAt: start)
        #expect(election.released(at: time)?.holder == "")
        #expect(election.released(at: time)?.durationSeconds == 1)
    }
}
