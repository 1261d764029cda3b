@testable import K8sClient
import Testing

@Suite("What a watcher does next")
struct WatchStateMachineTests {
    private let gone = KubernetesError(.api, "too old", httpStatus: 410)
    private let broken = KubernetesError(.connection, "reset")

    private func watching(_ version: String = "10") -> WatchStateMachine {
        var machine = WatchStateMachine()
        _ = machine.listed(continue: nil, resourceVersion: version)
        return machine
    }

    @Test("It lists page by page, then watches from the list's version")
    func pages() {
        var machine = WatchStateMachine()
        #expect(machine.action == .list(continue: nil))
        let isWhole = machine.listed(continue: "t", resourceVersion: "10")
        #expect(!isWhole)
        #expect(machine.action == .list(continue: "t"))
        let isWholeNow = machine.listed(continue: nil, resourceVersion: "10")
        #expect(isWholeNow)
        #expect(machine.action == .watch(resourceVersion: "10"))
        #expect(machine.pause(random: 0.5) == .zero)
    }

    @Test("A watch that ends goes on at the last version seen, at once when it was of use")
    func resume() {
        var machine = watching()
        machine.progressed(resourceVersion: "12")
        machine.watchEnded(nil, lasted: .seconds(1))
        #expect(machine.action == .watch(resourceVersion: "12"))
        #expect(machine.pause(random: 0.5) == .zero)
    }

    @Test("A quiet watch that lasted was of use")
    func quiet() {
        var machine = watching()
        machine.watchEnded(nil, lasted: .seconds(300))
        #expect(machine.pause(random: 0.5) == .zero)
    }

    @Test("Pauses grow with each failure up to a bound, and progress ends them")
    func backoff() {
        var machine = watching()
        var pauses: [Duration] = []
        for _ in 0..<12 {
            machine.watchEnded(broken, lasted: .zero)
            pauses.append(machine.pause(random: 0.999_999))
        }
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(pauses[0] > .milliseconds(700) && pauses[0] <= .milliseconds(800))
        #expect(pauses.last.map { $0 > .seconds(29) && $0 <= .seconds(30) } == true)
        #expect(machine.pause(random: 0) == .seconds(15), "spread over half of the pause")
        #expect(machine.action == .watch(resourceVersion: "10"))
        machine.progressed(resourceVersion: "11")
        #expect(machine.pause(random: 0.5) == .zero)
    }

    @Test("A watch that breaks after progress pauses as after a first failure")
    func breakAfterProgress() {
        var machine = watching()
        for _ in 0..<5 { machine.watchEnded(broken, lasted: .zero) }
        machine.progressed(resourceVersion: "11")
        machine.watchEnded(broken, lasted: .zero)
        #expect(machine.failures == 1)
        #expect(machine.action == .watch(resourceVersion: "11"))
    }

    @Test("An expired version leads to a list, at once when the watch was of use")
    func expired() {
        var machine = watching()
        machine.progressed(resourceVersion: "11")
        machine.watchEnded(gone, lasted: .seconds(1))
        #expect(machine.action == .list(continue: nil))
        #expect(machine.pause(random: 0.5) == .zero)
    }

    @Test("A server that calls every version expired is not asked without pause")
    func expiredLoop() {
        var machine = watching()
        machine.watchEnded(gone, lasted: .zero)
        #expect(machine.pause(random: 0.5) > .zero)
    }

    @Test("Time heals what the server is busy with; what the version meets again needs a list")
    func refusals() {
        for (status, lists) in [
            (401, false), (403, false), (429, false), (500, false), (503, false), (400, true), (422, true),
        ] {
            var machine = watching()
            machine.watchEnded(KubernetesError(.api, "", httpStatus: status), lasted: .zero)
            #expect((machine.action == .list(continue: nil)) == lists, "\(status)")
            #expect(machine.pause(random: 0.5) > .zero)
        }
        var machine = watching()
        machine.watchEnded(KubernetesError(.invalidResponse, "no JSON"), lasted: .zero)
        #expect(machine.action == .list(continue: nil))
    }

    @Test("A list whose token expired is begun anew, at once the first time")
    func listExpired() {
        var machine = WatchStateMachine()
        _ = machine.listed(continue: "t", resourceVersion: "10")
        machine.listFailed(gone)
        #expect(machine.action == .list(continue: nil))
        #expect(machine.pause(random: 0.5) == .zero)
        machine.listFailed(broken)
        #expect(machine.pause(random: 0.5) > .zero)
    }

    @Test("A version that a bookmark does not carry changes nothing")
    func emptyVersion() {
        var machine = watching()
        machine.progressed(resourceVersion: "")
        #expect(machine.action == .watch(resourceVersion: "10"))
    }
}
