@testable import K8sClient
import Testing

@Suite("First lists that come as events")
struct WatchListTests {
    private func asked(_ server: FaultServer) -> [String] {
        server.requests.map { request in
            guard request.query["watch"] != nil else { return "list" }
            guard request.query["sendInitialEvents"] == nil else { return "watch list" }
            return "watch from \(request.query["resourceVersion"] ?? "-")"
        }
    }

    private func watcher(
        _ client: KubernetesClient, _ change: (inout WatchTuning) -> Void = { _ in }
    ) -> Watcher<JSONValue> {
        var tuning = WatchTuning()
        tuning.backoff = .init(base: .milliseconds(10), maximum: .milliseconds(50), healthyWatch: .seconds(60))
        change(&tuning)
        return Watcher(
            client, .configMaps, namespace: "default", .init(labelSelector: "app=x"), .full, tuning: tuning,
            onError: { _ in }, convert: { $0.value })
    }

    private func changes(_ watcher: Watcher<JSONValue>, _ count: Int) async -> [String] {
        var iterator = watcher.makeAsyncIterator()
        var result: [String] = []
        for _ in 0..<count {
            switch await iterator.next() {
            case .restarted(let items)?:
                result.append("all: " + items.map(\.objectKey.name).sorted().joined(separator: " "))
            case .applied(let item)?: result.append("\(item.objectKey.name)@\(item.resourceVersion)")
            case .deleted(let item)?: result.append("-\(item.objectKey.name)")
            case nil: result.append("end")
            }
        }
        return result
    }

    private static func end(version: Int) -> String {
        event(
            "BOOKMARK",
            [
                "kind": "ConfigMap", "apiVersion": "v1",
                "metadata": [
                    "resourceVersion": .string("\(version)"), "annotations": ["k8s.io/initial-events-end": "true"],
                ],
            ])
    }

    @Test("The first list is what came before the bookmark that ends it, and the same watch goes on")
    func whole() async throws {
        let server = try FaultServer(hasWatchList: true) { [watches = Counter()] _ in
            guard watches.next() == 1 else {
                return .watch([event("ADDED", configMap("d", version: 9))]) { $0.waitForClose() }
            }
            return .watch([
                event("ADDED", configMap("a", version: 1)), event("ADDED", configMap("b", version: 2)),
                event("ADDED", configMap("c", version: 3)), event("MODIFIED", configMap("a", version: 4)),
                event("DELETED", configMap("b", version: 5)), Self.end(version: 5),
                event("ADDED", configMap("e", version: 6)), bookmark(version: 8),
            ])
        }
        #expect(await changes(watcher(server.client()), 3) == ["all: a c", "e@6", "d@9"])
        #expect(asked(server) == ["watch list", "watch from 8"])
        let query = try #require(server.requests.first).query
        #expect(query["resourceVersionMatch"] == "NotOlderThan")
        #expect(query["resourceVersion"] == nil)
        #expect(query["allowWatchBookmarks"] == "true")
        #expect(query["labelSelector"] == "app=x")
    }

    @Test(
        "A server that refuses, or does not know how, is asked for pages, and never again for events of that kind",
        arguments: ["422", "400", "event", "failure", "bookmark", "silence", "end"])
    func fallback(how: String) async throws {
        let server = try FaultServer(hasWatchList: true) { request in
            guard request.query["watch"] != nil else { return .list([configMap("a", version: 3)], version: "5") }
            guard request.query["sendInitialEvents"] != nil else {
                return .watch([event("ADDED", configMap("b", version: 6))]) { $0.waitForClose() }
            }
            let first = event("ADDED", configMap("a", version: 3))
            switch how {
            case "422", "400": return .status(Int(how) ?? 0, "Invalid", "sendInitialEvents is forbidden")
            case "event":
                return .watch([event("ERROR", ["kind": "Status", "code": 422, "reason": "Invalid", "message": "no"])])
            case "failure":
                let message: JSONValue = "the required storage feature RequestWatchProgress is disabled"
                return .watch([
                    event("ERROR", ["kind": "Status", "code": 500, "reason": "InternalError", "message": message])
                ])
            case "bookmark": return .watch([first, bookmark(version: 4)]) { $0.waitForClose() }
            case "silence": return .watch([first]) { $0.waitForClose() }
            default: return .watch([first])
            }
        }
        let client = server.client()
        for _ in 0..<3 {
            let watcher = watcher(client) { $0.initialSilence = .milliseconds(300) }
            #expect(await changes(watcher, 2) == ["all: a", "b@6"])
        }
        let pages = ["list", "watch from 5"]
        // A connection may have died once; twice in a row it is the server that does not know how.
        let second = how == "silence" || how == "end" ? ["watch list"] + pages : pages
        #expect(asked(server) == ["watch list"] + pages + second + pages)
    }

    @Test("A list that breaks off is asked for again as events; half of it is never shown")
    func broken() async throws {
        let server = try FaultServer(hasWatchList: true) { [watches = Counter()] _ in
            switch watches.next() {
            case 1:
                return .custom { connection in
                    connection.beginStream()
                    connection.chunk(event("ADDED", configMap("a", version: 3)) + "\n" + #"{"type":"ADD"#)
                }
            case 2: return .status(503, "ServiceUnavailable", "starting")
            default:
                return .watch([event("ADDED", configMap("b", version: 4)), Self.end(version: 5)]) { $0.waitForClose() }
            }
        }
        #expect(await changes(watcher(server.client()), 1) == ["all: b"])
        #expect(asked(server) == ["watch list", "watch list", "watch list"])
    }

    @Test("An expired version leads to a new list of events")
    func expired() async throws {
        let server = try FaultServer(hasWatchList: true) { [watches = Counter()] _ in
            switch watches.next() {
            case 1: return .watch([Self.end(version: 5)])
            case 2: return .status(410, "Expired", "too old")
            default:
                return .watch([event("ADDED", configMap("b", version: 7)), Self.end(version: 8)]) { $0.waitForClose() }
            }
        }
        #expect(await changes(watcher(server.client()), 2) == ["all: ", "all: b"])
        #expect(asked(server) == ["watch list", "watch from 5", "watch list"])
    }
}
