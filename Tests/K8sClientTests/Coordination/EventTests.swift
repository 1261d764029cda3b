@testable import K8sClient
import Logging
import ServiceLifecycle
import Testing

@Suite("Events about objects")
struct EventTests {
    private let start = Timestamp(microseconds: 1_700_000_000_123_456)
    private let object = ObjectReference(
        apiVersion: "chatbackend.io/v1", kind: "ChatBackend", name: "chat", uid: "u1", resourceVersion: "5")

    private func after(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: start.microseconds + seconds * 1_000_000)
    }

    private func occurrence(_ note: String = "made it") -> EventSeries.Occurrence {
        .init(type: .normal, regarding: object, reason: "Created", action: "Reconcile", note: note)
    }

    @Test("The first is an Event with all that the API asks for; about a cluster-scoped object it lies in default")
    func first() throws {
        var series = EventSeries(controller: "chatbackend.io/operator", instance: "pod-1")
        guard case .create(let namespace, let event)? = series.record(occurrence(), at: start) else {
            Issue.record("no event")
            return
        }
        #expect(namespace == "default")
        #expect(event.objectKey.namespace == "default")
        #expect(event.objectKey.name.hasPrefix("chat."))
        #expect(event["eventTime"] == "2023-11-14T22:13:20.123456Z")
        #expect(event["type"] == "Normal")
        #expect(event["reason"] == "Created")
        #expect(event["action"] == "Reconcile")
        #expect(event["note"] == "made it")
        #expect(event["reportingController"] == "chatbackend.io/operator")
        #expect(event["reportingInstance"] == "pod-1")
        #expect(event["regarding", "uid"] == "u1")
        #expect(event["regarding", "kind"] == "ChatBackend")
    }

    @Test("The same within the window counts up the series, whatever version of the object was seen")
    func repetition() {
        var series = EventSeries(controller: "c", instance: "i")
        _ = series.record(occurrence(), at: start)
        var later = occurrence()
        later.regarding.resourceVersion = "9"
        #expect(series.record(later, at: after(5)) == nil)
        #expect(series.record(occurrence(), at: after(6)) == nil)
        let writes = series.flush()
        guard writes.count == 1, case .count(_, _, let change, _) = writes[0] else {
            Issue.record("not one write")
            return
        }
        #expect(change == ["series": ["count": 3, "lastObservedTime": .string(after(6).micro)]])
        #expect(series.flush().isEmpty)
        #expect(!series.hasUnwritten)
    }

    @Test("The same after the window, and something else within it, are new Events")
    func news() {
        var series = EventSeries(controller: "c", instance: "i")
        _ = series.record(occurrence(), at: start)
        #expect(series.record(occurrence("other"), at: after(1)) != nil)
        #expect(series.record(occurrence(), at: after(601)) != nil)
    }

    @Test("A note is cut at a character's end to what the API takes")
    func longNote() {
        let short = EventSeries.shortened(String(repeating: "ü", count: 2000))
        #expect(short.utf8.count <= 1024 && short.utf8.count > 1015)
        #expect(short.hasSuffix("ü…"))
        #expect(EventSeries.shortened("short") == "short")
    }

    @Test("What is remembered is bounded")
    func bounded() {
        var series = EventSeries(controller: "c", instance: "i")
        func about(_ index: Int) -> EventSeries.Occurrence {
            var occurrence = occurrence()
            occurrence.regarding.uid = "u\(index)"
            return occurrence
        }
        for index in 0..<3000 { _ = series.record(about(index), at: after(Int64(index / 100))) }
        #expect(series.record(about(0), at: after(31)) != nil, "the oldest was forgotten")
        #expect(series.record(about(2999), at: after(31)) == nil)
    }

    @Test("Of what differs in its note alone, ten are Events of their own and the rest one series, until they rest")
    func similar() throws {
        var series = EventSeries(controller: "c", instance: "i")
        let first = (0..<100).compactMap { series.record(occurrence("\($0) of 100 pods"), at: after(Int64($0))) }
        #expect(first.count == 11)
        guard case .create(_, let combined)? = first.last else { Issue.record("no event"); return }
        #expect(combined["note"] == "combined from similar events: 10 of 100 pods")
        let counts = series.flush().compactMap { write -> JSONValue? in
            if case .count(_, _, let change, _) = write { change["series", "count"] } else { nil }
        }
        #expect(counts == [90])
        #expect(series.record(occurrence("new"), at: after(2000)) != nil)
        guard case .create(_, let later)? = series.record(occurrence("newer"), at: after(2001)) else {
            Issue.record("no event")
            return
        }
        #expect(later["note"] == "newer")
    }

    @Test("Recorded events reach the server; a server that refuses them disturbs nobody")
    func recorder() async throws {
        let server = try FaultServer { [count = Counter()] request in
            count.next() == 1
                ? .status(403, "Forbidden", "no") : .json(201, (try? JSONValue(parsing: request.body)) ?? .null)
        }
        let recorder = EventRecorder(client: server.client(), reportingController: "c", reportingInstance: "i")
        let group = ServiceGroup(services: [recorder], logger: .init(label: "test"))
        let task = Task { try await group.run() }
        for name in ["first", "second"] {
            recorder.record(.warning, regarding: object, reason: "Failed", action: "Apply", note: name)
        }
        try await eventually("both were sent") { server.requests.count == 2 }
        #expect(
            server.requests.map(\.path)
                == Array(repeating: "/apis/events.k8s.io/v1/namespaces/default/events", count: 2))
        // A repetition waits to be written with others; graceful shutdown writes it.
        recorder.record(.warning, regarding: object, reason: "Failed", action: "Apply", note: "second")
        await group.triggerGracefulShutdown()
        try await task.value
        let last = try #require(server.requests.last)
        #expect(last.method == "PATCH")
        #expect(try JSONValue(parsing: last.body)["series", "count"] == 2)
    }
}
