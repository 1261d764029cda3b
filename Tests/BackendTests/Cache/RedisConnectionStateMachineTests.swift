import NIOCore
import Testing

@testable import Backend

/// An action other than the one that is due.
private struct Unexpected: Error {
    let what: String

    init(_ what: String) { self.what = what }
}

@Suite("A Redis connection's states", .timeLimit(.minutes(10)))
struct RedisConnectionStateMachineTests {
    typealias Machine = RedisConnectionStateMachine<Int>

    private static let hello = RESPValue.map([.simpleString("proto"), .integer(3)])

    private func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    private func machine(_ url: String = "redis://h") throws -> Machine {
        var machine = Machine(
            timing: .init(handshake: .seconds(2), command: .milliseconds(250), stallLimit: .seconds(5)))
        _ = machine.connected(RedisHandshake(url: try RedisURL(parsing: url), clientName: "n"), now: at(0))
        return machine
    }

    private func ready() throws -> Machine {
        var machine = try machine()
        guard case .established = machine.received(Self.hello) else { throw Unexpected("not established") }
        return machine
    }

    @Test("The handshake sends user, password, name and database at once")
    func handshake() throws {
        func words(_ url: String) throws -> [String] {
            RedisHandshake(url: try RedisURL(parsing: url), clientName: "n").commands.map { command in
                ([command.name] + command.arguments.map { "\($0)" }).joined(separator: " ")
            }
        }
        #expect(try words("redis://h") == [#"HELLO text("3") text("SETNAME") text("n")"#])
        #expect(try words("redis://:p@h")[0].contains(#"text("AUTH") text("default") text("p")"#))
        #expect(try words("redis://u:p@h/2")[0].contains(#"text("AUTH") text("u") text("p")"#))
        #expect(try words("redis://u:p@h/2")[1] == "SELECT integer(2)")
        #expect("\(RedisHandshake(url: try RedisURL(parsing: "redis://:p@h"), clientName: "n").commands[0])" == "HELLO")

        var machine = try machine("redis://h/2")
        guard case .none = machine.received(Self.hello), case .established = machine.received(.simpleString("OK"))
        else { throw Unexpected("no handshake") }
    }

    @Test(
        "A refused handshake says why, and repeats nothing of the server's words",
        arguments: [
            ("-WRONGPASS invalid username-password pair", RedisError.Code.authenticationFailed),
            ("-NOAUTH HELLO must be called", .authenticationFailed),
            ("-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `u`, `hunter2`", .unsupportedServer),
            ("-NOPROTO unsupported protocol version", .unsupportedServer),
            ("-ERR max number of clients reached", .connectFailed), ("-ERR hunter2", .refused),
            ("+OK", .protocolViolation),
        ])
    func refusedHandshake(reply: String, code: RedisError.Code) throws {
        var machine = try machine()
        let value: RESPValue =
            reply.hasPrefix("-") ? .error(String(reply.dropFirst())) : .simpleString(String(reply.dropFirst()))
        guard case .close(let error) = machine.received(value) else { throw Unexpected("not closed") }
        #expect(error.code == code)
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test("Replies go to commands in their order, pushes to nobody's command")
    func order() throws {
        var machine = try ready()
        guard case .write = machine.submit([1, 2], now: at(0)) else { throw Unexpected("not written") }
        guard case .complete(1, .integer(10)) = machine.received(.integer(10)),
            case .push(let elements) = machine.received(.push([.integer(5)])), elements == [.integer(5)],
            case .complete(2, .integer(20)) = machine.received(.integer(20))
        else { throw Unexpected("wrong order") }
        guard case .refused = machine.received(.error("NOPERM no")) else { throw Unexpected("not refused") }
        guard case .close = machine.received(.integer(1)) else { throw Unexpected("a reply to nothing was taken") }
    }

    @Test("An overdue reply lets all go at once; late replies are skipped, and then it goes on")
    func stall() throws {
        var machine = try ready()
        _ = machine.submit([1], now: at(0))
        _ = machine.submit([2], now: at(200))
        #expect(machine.nextDeadline == at(250))
        guard case .none = machine.timerFired(now: at(249)) else { throw Unexpected("too early") }
        guard case .stall(let requests, let error) = machine.timerFired(now: at(250)) else {
            throw Unexpected("not stalled")
        }
        #expect(requests == [1, 2])
        #expect(error.code == .timedOut)
        guard case .fail = machine.submit([3], now: at(251)) else { throw Unexpected("sent while stalled") }
        guard case .none = machine.received(.integer(1)), case .recovered = machine.received(.integer(2)),
            case .write = machine.submit([4], now: at(300)),
            case .complete(4, .integer(4)) = machine.received(.integer(4))
        else { throw Unexpected("not recovered") }
    }

    @Test("A stall that does not end closes the connection, and so does a server that does not greet")
    func givenUp() throws {
        var machine = try ready()
        #expect(machine.heartbeat(now: at(0)) == true)
        #expect(machine.heartbeat(now: at(1)) == false)
        _ = machine.submit([1], now: at(10))
        guard case .stall([1], _) = machine.timerFired(now: at(250)) else { throw Unexpected("not stalled") }
        #expect(machine.nextDeadline == at(5_250))
        guard case .close(let error) = machine.timerFired(now: at(5_250)) else { throw Unexpected("not closed") }
        #expect(error.code == .timedOut)

        var silent = try self.machine()
        #expect(silent.nextDeadline == at(2_000))
        guard case .close = silent.timerFired(now: at(2_000)) else { throw Unexpected("not closed") }
        #expect(silent.closed().isEmpty)
    }

    @Test("Whoever waits when the connection ends is told")
    func closed() throws {
        var machine = try ready()
        _ = machine.submit([1, 2], now: at(0))
        #expect(machine.closed() == [1, 2])
        #expect(machine.nextDeadline == nil)
    }
}

@Suite("Redis subscriptions", .timeLimit(.minutes(10)))
struct RedisSubscriptionRegistryTests {
    @Test("A channel is asked for once, however many want it, and left with the last")
    func counting() {
        var registry = RedisSubscriptionRegistry()
        let connection = registry.connected()
        #expect(registry.retain("a", waiter: 1) == true)
        #expect(registry.retain("a", waiter: 2) == true)
        #expect(registry.takeChanges(connection: connection).subscribe == ["a"])
        #expect(registry.takeChanges(connection: connection).subscribe == [])
        #expect(registry.confirmed("a") == .init(waiters: [1, 2], mayHaveMissed: false))
        #expect(registry.retain("a", waiter: 3) == false)
        for _ in 0..<2 { registry.release("a") }
        #expect(registry.takeChanges(connection: connection).unsubscribe == [])
        registry.release("a")
        #expect(registry.takeChanges(connection: connection).unsubscribe == ["a"])
        #expect(registry.count == 0)
    }

    @Test("A channel that is left and entered again before either was sent is confirmed again")
    func reentered() {
        var registry = RedisSubscriptionRegistry()
        let connection = registry.connected()
        _ = registry.retain("a", waiter: 1)
        _ = registry.takeChanges(connection: connection)
        _ = registry.confirmed("a")
        registry.release("a")
        #expect(registry.retain("a", waiter: 2) == true)
        #expect(registry.takeChanges(connection: connection).subscribe == ["a"])
        #expect(registry.confirmed("a").waiters == [2])
    }

    @Test("A new connection subscribes to all again, and tells that messages may have been missed")
    func renewal() {
        var registry = RedisSubscriptionRegistry()
        #expect(registry.retain("early", waiter: 1) == false)
        let first = registry.connected()
        #expect(registry.retain("late", waiter: 2) == true)
        #expect(Set(registry.takeChanges(connection: first).subscribe) == ["early", "late"])
        #expect(registry.confirmed("early").mayHaveMissed == true)
        #expect(registry.giveUp("late", waiter: 2) == true)
        #expect(registry.giveUp("late", waiter: 2) == false)
        #expect(registry.confirmed("late") == .init(waiters: [], mayHaveMissed: true))
        _ = registry.retain("slow", waiter: 3)
        #expect(registry.disconnected() == [3])
        registry.release("slow")
        let second = registry.connected()
        #expect(registry.takeChanges(connection: first).subscribe == [])
        #expect(Set(registry.takeChanges(connection: second).subscribe) == ["early", "late"])
        #expect(registry.confirmed("early").mayHaveMissed == true)
        #expect(registry.confirmed("early").mayHaveMissed == false)
    }
}
