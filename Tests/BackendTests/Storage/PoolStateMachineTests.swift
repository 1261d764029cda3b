import Testing

@testable import Backend

@Suite("The pool's state machine", .timeLimit(.minutes(10)))
struct PoolStateMachineTests {
    private final class Item {}
    private typealias Machine = PoolStateMachine<Item, Item>

    private let start = ContinuousClock.now

    private func machine(kept: Int = 2, maximum: Int = 3) -> Machine {
        Machine(
            Machine.Limits(
                kept: kept, maximum: maximum, overflowIdleTime: .seconds(10), checkAfterIdle: .seconds(5),
                waitTimeout: .seconds(30), outagePatience: .seconds(5)))
    }

    private func connected(_ machine: inout Machine, _ time: ContinuousClock.Instant) -> (Item, Machine.Actions) {
        let connection = Item()
        return (connection, machine.connected(connection, expires: start + .seconds(3600), time))
    }

    @Test("Jobs are served in their order, by the connections that become free")
    func order() {
        var machine = machine(maximum: 1)
        let jobs = (0..<3).map { _ in Item() }
        #expect(machine.submit(jobs[0], start).connects == 1)
        #expect(machine.submit(jobs[1], start).connects == 0)
        #expect(machine.submit(jobs[2], start).connects == 0)
        let (connection, first) = connected(&machine, start)
        #expect(first.start?.job === jobs[0])
        #expect(machine.state == DatabasePoolState(open: 1, inUse: 1, waiting: 2))
        #expect(machine.finished(connection, isUsable: true, start).start?.job === jobs[1])
        #expect(machine.finished(connection, isUsable: true, start).start?.job === jobs[2])
        #expect(machine.finished(connection, isUsable: true, start).start == nil)
        #expect(machine.state == DatabasePoolState(open: 1, inUse: 0, waiting: 0))
    }

    @Test("A connection is checked only after a pause")
    func checks() {
        var machine = machine()
        _ = machine.submit(Item(), start)
        let (connection, _) = connected(&machine, start)
        _ = machine.finished(connection, isUsable: true, start)
        #expect(machine.submit(Item(), start + .seconds(4)).start?.isCheckNeeded == false)
        _ = machine.finished(connection, isUsable: true, start + .seconds(4))
        #expect(machine.submit(Item(), start + .seconds(9)).start?.isCheckNeeded == true)
    }

    @Test("No more connections are opened than there is room for, and a broken one makes room")
    func limits() {
        var machine = machine()
        var asked = 0
        for _ in 0..<10 { asked += machine.submit(Item(), start).connects }
        #expect(asked == 3)
        let (connection, _) = connected(&machine, start)
        let broken = machine.finished(connection, isUsable: false, start)
        #expect(broken.closed.count == 1)
        #expect(broken.connects == 1)
    }

    @Test("Many connections are opened a few at a time")
    func connectsAtOnce() {
        var machine = machine(kept: 10, maximum: 10)
        var asked = 0
        for _ in 0..<20 { asked += machine.submit(Item(), start).connects }
        #expect(asked == 4)
        for _ in 0..<10 { asked += connected(&machine, start).1.connects }
        #expect(asked == 10)
        #expect(machine.state == DatabasePoolState(open: 10, inUse: 10, waiting: 10))
    }

    @Test("In an outage there is one attempt at a time, later and later, and who has waited long enough is told why")
    func outage() throws {
        var machine = machine(maximum: 10)
        for _ in 0..<4 { _ = machine.submit(Item(), start) }
        let failure = ConnectFailure(libpq: "connection refused")
        for attempt in 0..<4 {
            let actions = machine.connectFailed(failure, jitter: 1, start)
            #expect(actions.failed.isEmpty)
            #expect(actions.connects == 0, "attempt \(attempt)")
        }
        #expect(machine.tick(start + .milliseconds(799)).connects == 0)
        #expect(machine.nextDue(start) == start + .milliseconds(800))
        #expect(machine.tick(start + .milliseconds(800)).connects == 1)
        #expect(machine.tick(start + .seconds(4)).connects == 0)
        // One that does not want to wait is told at once, or when the attempt under way has failed.
        #expect(machine.submit(Item(), isPatient: false, start + .seconds(4)).failed.isEmpty)
        #expect(machine.connectFailed(failure, jitter: 1, start + .seconds(4)).failed.count == 1)
        #expect(machine.submit(Item(), isPatient: false, start + .seconds(4)).failed.count == 1)
        let told = machine.tick(start + .seconds(5))
        #expect(told.failed.map(\.error.code) == [.unavailable, .unavailable, .unavailable, .unavailable])
        #expect(machine.state.waiting == 0)
        #expect(machine.submit(Item(), start + .seconds(9)).connects == 1)
        let (_, actions) = connected(&machine, start + .seconds(9))
        #expect(actions.start != nil)
        #expect(!machine.isInOutage)
    }

    @Test("A refusal for good is told to all at once")
    func permanentFailure() {
        var machine = machine()
        for _ in 0..<3 { _ = machine.submit(Item(), start) }
        let failure = ConnectFailure(
            libpq:
                "connection to server at \"db\", port 1 failed: FATAL:  28P01: password authentication failed for user \"u\"\nLOCATION: x"
        )
        #expect(failure.isPermanent)
        #expect(failure.error.message == "cannot connect to PostgreSQL: password authentication failed for user \"u\"")
        #expect(machine.connectFailed(failure, jitter: 1, start).failed.count == 3)
        #expect(!ConnectFailure(libpq: "FATAL:  57P03: the database system is starting up").isPermanent)
        #expect(!ConnectFailure(libpq: "FATAL:  53300: sorry, too many clients already").isPermanent)
    }

    @Test("After a shutdown the last connection to end ends the pool")
    func shutDown() {
        var machine = machine()
        _ = machine.submit(Item(), start)
        let (connection, _) = connected(&machine, start)
        _ = machine.submit(Item(), start)
        let actions = machine.shutDown()
        #expect(actions.failed.count == 1)
        #expect(!actions.isShutDown)
        #expect(machine.submit(Item(), start).failed.count == 1)
        let last = machine.finished(connection, isUsable: true, start)
        #expect(last.closed.count == 1)
        // The attempt that the second job asked for is still under way.
        #expect(!last.isShutDown)
        let (_, late) = connected(&machine, start)
        #expect(late.closed.count == 1)
        #expect(late.isShutDown)
    }
}
