import K8sClient
import Testing

@testable import devcluster

/// Watches that ask for the present state as events (KEP-3157).
@Suite struct WatchListTests {
    private static let path = "/api/v1/namespaces/default/configmaps"
    private static let wanted =
        "\(path)?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

    private func create(_ client: KubernetesClient, _ name: String) async throws {
        let object: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string(name), "labels": ["kind": "test"]],
        ]
        let response = try await client.raw(.init(.post, Self.path, body: object.jsonBytes()))
        try #require(response.status == 201)
    }

    /// Reads events until one fits.
    private func events(_ stream: ByteStream, until isLast: (JSONValue) -> Bool) async throws -> [JSONValue] {
        var rest: [UInt8] = []
        var events: [JSONValue] = []
        for try await chunk in stream {
            rest += chunk
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                events.append(try JSONValue(parsing: Array(rest[..<end])))
                rest.removeSubrange(...end)
                if let event = events.last, isLast(event) { return events }
            }
        }
        return events
    }

    private func summary(_ event: JSONValue) -> String {
        let isEnd = event["object", "metadata", "annotations", "k8s.io/initial-events-end"] == "true"
        let name = event["object", "metadata", "name"]?.string
        return "\(event["type"]?.string ?? "") \(name ?? (isEnd ? "end" : "-"))"
    }

    @Test(
        "the present state comes as events, then a bookmark that says so, then what changes",
        arguments: [
            KubernetesRequest.json, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        ])
    func initialEvents(_ accept: String) async throws {
        try await ServedCluster.run(watchList: true) { _, client, _ in
            for name in ["b", "a"] { try await create(client, name) }
            let stream = try await client.stream(
                .init(.get, Self.wanted + "&labelSelector=kind%3Dtest", accept: accept))
            try await create(client, "c")
            let events = try await events(stream) { $0["object", "metadata", "name"] == "c" }
            #expect(events.map(summary) == ["ADDED a", "ADDED b", "BOOKMARK end", "ADDED c"])
            let bookmark = try #require(events.dropFirst(2).first)["object"]
            #expect(bookmark?["kind"] == (accept == KubernetesRequest.json ? "ConfigMap" : "PartialObjectMetadata"))
            let version = UInt64(bookmark?["metadata", "resourceVersion"]?.string ?? "")
            let newest = UInt64(events[1]["object", "metadata", "resourceVersion"]?.string ?? "")
            #expect(try #require(version) >= #require(newest))
        }
    }

    @Test("without bookmarks nothing marks the end, and sendInitialEvents=false tells only changes")
    func variants() async throws {
        try await ServedCluster.run(watchList: true) { _, client, _ in
            try await create(client, "old")
            let plain = try await client.stream(
                .init(
                    .get,
                    "\(Self.path)?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&labelSelector=kind"
                ))
            let changes = try await client.stream(
                .init(
                    .get,
                    "\(Self.path)?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&labelSelector=kind"
                ))
            try await create(client, "new")
            let isLast: (JSONValue) -> Bool = { $0["object", "metadata", "name"] == "new" }
            #expect(try await events(plain, until: isLast).map(summary) == ["ADDED old", "ADDED new"])
            #expect(try await events(changes, until: isLast).map(summary) == ["ADDED new"])
        }
    }

    @Test("options that do not go together are refused in the words of the API server")
    func refusals() async throws {
        let cases: [(String, Bool, String)] = [
            (
                "watch=1&sendInitialEvents=true", true,
                "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            ),
            (
                "watch=1&resourceVersionMatch=NotOlderThan", true,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            ),
            (
                "watch=1&sendInitialEvents=true&resourceVersionMatch=Exact", true,
                "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, "
                    + #"resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]"#
            ),
            (
                "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x", true,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided"
            ),
            ("sendInitialEvents=true", true, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
            (
                "resourceVersionMatch=Exact", true,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
            ),
            (
                "resourceVersionMatch=Exact&resourceVersion=0", true,
                #"resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0""#
            ),
            (
                "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", false,
                "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            ),
        ]
        for isServed in [true, false] {
            try await ServedCluster.run(watchList: isServed) { _, client, _ in
                for (query, needsServing, message) in cases where needsServing == isServed {
                    let response = try await client.raw(.init(.get, "\(Self.path)?\(query)"))
                    let status = try JSONValue(parsing: response.body)
                    #expect(response.status == 422, "\(query)")
                    #expect(status["reason"] == "Invalid", "\(query)")
                    #expect(
                        status["message"] == .string("ListOptions.meta.k8s.io \"\" is invalid: \(message)"), "\(query)")
                }
            }
        }
    }

    @Test(
        "a version that the server has not reached is too large: a list is refused, a watch begins and ends with that")
    func futureVersions() async throws {
        try await ServedCluster.run(watchList: true) { cluster, client, _ in
            let future = cluster.registry.store.version + 1_000_000
            let list = try await client.raw(.init(.get, "\(Self.path)?resourceVersion=\(future)"))
            #expect(list.status == 504)
            let watch = try await client.raw(.init(.get, "\(Self.wanted)&resourceVersion=\(future)"))
            #expect(watch.status == 200)
            let event = try JSONValue(parsing: watch.body)
            #expect(event["type"] == "ERROR")
            for status in [try JSONValue(parsing: list.body), event["object"] ?? [:]] {
                #expect(status["code"] == 504)
                #expect(status["message"]?.string?.contains("Too large resource version: \(future)") == true)
            }
        }
    }
}
