import Foundation
import K8sClient
import Testing

@Suite("Tokens in files")
struct TokenFileTests {
    @Test("A token that is renewed is used from the next request on")
    func rotation() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first\n", to: path)
            let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
            let client = server.client { $0.credentials = .tokenFile(path) }
            for _ in 0..<2 { _ = try await client.get(.configMaps, "a", namespace: "default") }
            try write("other\n", to: path)
            _ = try await client.get(.configMaps, "a", namespace: "default")
            // The file may vanish for a moment while it is renewed.
            try FileManager.default.removeItem(atPath: path)
            _ = try await client.get(.configMaps, "a", namespace: "default")
            #expect(
                server.requests.map { $0.headers["authorization"] }
                    == ["Bearer first", "Bearer first", "Bearer other", "Bearer other"])
        }
    }

    @Test("A watch that comes back uses the token of that time")
    func watch() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first", to: path)
            let server = try FaultServer { [watches = Counter()] request in
                guard request.query["watch"] != nil else { return .list([], version: "5") }
                guard watches.next() == 1 else {
                    return .watch([event("ADDED", configMap("b", version: 7))]) { $0.waitForClose() }
                }
                try? write("second", to: path)
                return .watch([event("ADDED", configMap("a", version: 6))])
            }
            let client = server.client { $0.credentials = .tokenFile(path) }
            var changes = Watcher(client, .configMaps, as: JSONValue.self).makeAsyncIterator()
            for _ in 0..<3 { _ = await changes.next() }
            #expect(
                server.requests.map { $0.headers["authorization"] } == [
                    "Bearer first", "Bearer first", "Bearer second",
                ])
        }
    }

    @Test(
        "A file that is missing or empty from the start is an error that names it", arguments: [nil, "", "two words"])
    func unusable(content: String?) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            if let content { try write(content, to: path) }
            let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
            let client = server.client { $0.credentials = .tokenFile(path) }
            let error = try await failure { () async throws(KubernetesError) in
                try await client.get(.configMaps, "a", namespace: "default")
            }
            #expect(error.code == .credentials)
            #expect(error.message.contains(path))
            #expect(!error.message.contains("words\""))
            #expect(server.requests.isEmpty)
        }
    }
}
